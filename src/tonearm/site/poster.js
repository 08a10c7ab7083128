"use strict";
/* Posters: pictures of 1080 × 1920 or 1080 × 1080 pixels drawn as one SVG, with text that wraps and is fitted. */
(() => {
  const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
  const S = "http://www.w3.org/2000/svg";
  const WIDE = 1080, EDGE = 84;
  const HIGH = { tall: 1920, square: 1080 };

  const shape = (kind, attributes = {}, ...children) => {
    const made = document.createElementNS(S, kind);
    for (const [name, value] of Object.entries(attributes)) if (value != null) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };

  /* ---- Text */

  const pen = document.createElement("canvas").getContext("2d");
  const widthOf = (text, size, weight) => {
    pen.font = `${weight} ${size}px ${FONT}`;
    return pen.measureText(text).width;
  };
  const letters = (text) => (Intl.Segmenter ? [...new Intl.Segmenter().segment(text)].map((one) => one.segment) : [...text]);

  /** `text` cut to a width, with an ellipsis where something is missing. */
  const cut = (text, width, size, weight) => {
    if (widthOf(text, size, weight) <= width) return text;
    const kept = letters(text);
    while (kept.length && widthOf(kept.join("").trimEnd() + "…", size, weight) > width) kept.pop();
    return kept.join("").trimEnd() + "…";
  };

  const wrap = (text, width, size, weight) => {
    const lines = [];
    for (const word of text.split(/\s+/).filter(Boolean)) {
      const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
      if (lines.length && widthOf(longer, size, weight) <= width) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    return lines;
  };

  /** The largest size, from `size` down to `least`, at which `text` is within `most` lines; then its lines, cut if they must be. */
  const fit = (text, { width, size, least = size / 2, most = 1, weight = 800 }) => {
    for (let tried = size; ; tried *= 0.95) {
      const lines = wrap(text, width, tried, weight);
      if (lines.length <= most && lines.every((line) => widthOf(line, tried, weight) <= width)) return { size: tried, lines };
      if (tried * 0.95 < least) {
        const kept = lines.slice(0, most);
        if (lines.length > most) kept[most - 1] = lines.slice(most - 1).join(" ");
        return { size: tried, lines: kept.map((line) => cut(line, width, tried, weight)) };
      }
    }
  };

  /* ---- Colours, from a name's sleeve */

  const hueOf = (name) => Number(/hsl\((\d+)/.exec(tonearm.sleeve(name).firstChild.getAttribute("fill"))?.[1] ?? 20);
  /** Dark with light text, or bright with dark text: both readable for every hue. */
  const palette = (name, isBright) => {
    const hue = hueOf(name);
    return isBright
      ? { paper: `hsl(${hue} 82% 70%)`, ink: "#17110c", soft: "#2e251d", accent: `hsl(${hue} 70% 24%)`, faint: `hsl(${hue} 60% 58%)` }
      : { paper: `hsl(${hue} 58% 15%)`, ink: `hsl(${hue} 70% 95%)`, soft: `hsl(${hue} 35% 80%)`, accent: `hsl(${(hue + 150) % 360} 88% 70%)`, faint: `hsl(${hue} 45% 30%)` };
  };

  /** The small mark: a record, and the arm on it. */
  const mark = (x, y, colours) => shape("g", { transform: `translate(${x} ${y})` },
    shape("circle", { cx: 20, cy: -12, r: 20, fill: colours.ink }), shape("circle", { cx: 20, cy: -12, r: 7, fill: colours.paper }),
    shape("path", { d: "M52 -34V-14L36 -3", fill: "none", stroke: colours.accent, "stroke-width": 6, "stroke-linecap": "round", "stroke-linejoin": "round" }),
    shape("text", { x: 70, y: 0, "font-size": 36, "font-weight": 750, "font-family": FONT, fill: colours.ink }, "tonearm"));

  /**
   * A poster. `draw(sheet)` fills it: `sheet.y` is where the next thing goes, from `sheet.top` to `sheet.bottom`.
   * `kicker` is the small line above all, `name` gives the colours, `label` says in words what is seen.
   */
  tonearm.poster = ({ layout = "tall", kicker, name, isBright, label, draw }) => {
    const high = HIGH[layout];
    const colours = palette(name, isBright);
    const svg = shape("svg", { viewBox: `0 0 ${WIDE} ${high}`, class: "poster", role: "img", "aria-label": label });
    svg.append(shape("rect", { width: WIDE, height: high, fill: colours.paper }));
    const sheet = {
      svg, layout, colours, isSquare: layout === "square", wide: WIDE, high, edge: EDGE, inner: WIDE - 2 * EDGE,
      top: layout === "square" ? 190 : 300, bottom: high - (layout === "square" ? 140 : 210), y: 0,
      add: (kind, attributes, ...children) => svg.appendChild(shape(kind, attributes, ...children)),
      /** Text at a place of its own; returns the y below it. */
      put: (text, { x = EDGE, y, width = WIDE - 2 * EDGE, size, least, most, weight = 800, fill = colours.ink, anchor }) => {
        const fitted = fit(String(text), { width, size, least, most, weight });
        fitted.lines.forEach((line, i) => sheet.add("text", { x, y: y + fitted.size * (0.8 + 1.12 * i), "font-size": fitted.size.toFixed(1), "font-weight": weight, "font-family": FONT, fill, "text-anchor": anchor, "letter-spacing": fitted.size > 80 ? "-0.02em" : null }, line));
        return y + fitted.size * (1.12 * fitted.lines.length);
      },
      /** Text where the last thing ended. */
      say: (text, options) => { sheet.y = sheet.put(text, { y: sheet.y, ...options }) + (options.after ?? 12); },
      sleeve: (of, x, y, size) => {
        const art = tonearm.sleeve(of, size);
        art.setAttribute("x", x);
        art.setAttribute("y", y);
        art.removeAttribute("class");
        svg.append(art);
      },
    };
    const up = sheet.isSquare ? 84 : 150;
    sheet.put(kicker, { y: up, size: 40, least: 28, weight: 700, fill: colours.soft });
    sheet.add("rect", { x: EDGE, y: up + 62, width: 96, height: 10, fill: colours.accent });
    svg.append(mark(EDGE, high - (sheet.isSquare ? 62 : 100), colours));
    sheet.y = sheet.top;
    draw(sheet);
    return svg;
  };
})();
