"use strict";
/* Sleeves: a picture for every name, drawn from the name itself, the same each time; or the cover of the household's
   own where an album has one. */
(() => {
  /** FNV-1a with a final mix: 32 bits that differ in all places for names that differ in one. */
  const hashOf = (text) => {
    let hash = 0x811c9dc5;
    for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 13)) >>> 0;
  };

  /** Numbers from 0 to 1 that follow from a name (mulberry32). */
  const numbersOf = (text) => {
    let state = hashOf(text);
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    };
  };

  const SHAPES = [rings, bars, sun, tiles, waves, arcs];
  const S = "http://www.w3.org/2000/svg";
  const shape = (kind, attributes) => {
    const made = document.createElementNS(S, kind);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };

  function rings(next, ink) {
    const [x, y] = [25 + 50 * next(), 25 + 50 * next()];
    return Array.from({ length: 6 }, (_, i) => shape("circle", { cx: x, cy: y, r: 72 - 12 * i, fill: ink[i % 3] }));
  }
  function bars(next, ink) {
    const n = 5 + Math.floor(5 * next());
    return Array.from({ length: n }, (_, i) => {
      const high = 15 + 80 * next();
      return shape("rect", { x: (100 / n) * i, y: 100 - high, width: 100 / n + 0.4, height: high, fill: ink[i % 3] });
    });
  }
  function sun(next, ink) {
    const y = 40 + 30 * next();
    const stripes = Array.from({ length: 5 }, (_, i) => shape("rect", { x: 0, y: y + 6 + 9 * i, width: 100, height: 4.5, fill: ink[2] }));
    return [shape("circle", { cx: 50, cy: y, r: 24 + 12 * next(), fill: ink[1] }), shape("rect", { x: 0, y: y + 4, width: 100, height: 100, fill: ink[0], opacity: 0.55 }), ...stripes];
  }
  function tiles(next, ink) {
    return Array.from({ length: 16 }, (_, i) => {
      const [x, y] = [25 * (i % 4), 25 * Math.floor(i / 4)];
      const turn = 90 * Math.floor(4 * next());
      return shape("path", { d: `M${x} ${y}h25a25 25 0 0 1-25 25z`, fill: ink[Math.floor(3 * next())], transform: `rotate(${turn} ${x + 12.5} ${y + 12.5})` });
    });
  }
  function waves(next, ink) {
    return Array.from({ length: 6 }, (_, i) => {
      const [y, swing] = [8 + 16 * i, 6 + 12 * next()];
      return shape("path", { d: `M0 ${y}Q25 ${y - swing} 50 ${y}T100 ${y}V100H0z`, fill: ink[i % 3] });
    });
  }
  function arcs(next, ink) {
    const corner = 90 * Math.floor(4 * next());
    return Array.from({ length: 5 }, (_, i) => shape("circle", { cx: 0, cy: 100, r: 105 - 20 * i, fill: ink[i % 3], transform: `rotate(${corner} 50 50)` }));
  }

  /** The picture of a name, a square of `size` pixels; decoration, since the name is always beside it. */
  tonearm.sleeve = (name, size = 48) => {
    const next = numbersOf(name || "?");
    const hue = Math.floor(360 * next());
    const away = 25 + 140 * next();
    const ink = [`hsl(${hue} 45% 30%)`, `hsl(${(hue + away) % 360} 65% 60%)`, `hsl(${(hue + away / 2) % 360} 50% 45%)`];
    const picture = shape("svg", { viewBox: "0 0 100 100", width: size, height: size, class: "sleeve", "aria-hidden": "true", focusable: "false" });
    picture.append(shape("rect", { width: 100, height: 100, fill: ink[0] }));
    picture.append(...SHAPES[Math.floor(SHAPES.length * next())](next, ink));
    return picture;
  };

  /* ---- Covers. A row with a `cover` names an album that has one; its value is the version of the picture. */

  const addressOf = (row) => {
    const album = [row.album_artist_id ?? row.artist_id, row.album].map(encodeURIComponent).join("/");
    return `covers/${album}?${new URLSearchParams({ listener: tonearm.listener, v: row.cover })}`;
  };

  const MOST_KEPT = 200;
  const kept = new Map();
  /** An image sends no token, so with one the picture is fetched and shown from memory; the newest few are kept. */
  const fetched = (address) => {
    if (!kept.has(address)) {
      kept.set(address, fetch(address, { headers: { Authorization: "Token " + tonearm.token.get() } }).then(async (answer) => {
        if (!answer.ok) throw new Error(`no cover: ${answer.status}`);
        return URL.createObjectURL(await answer.blob());
      }));
      if (kept.size > MOST_KEPT) {
        const [oldest, picture] = kept.entries().next().value;
        kept.delete(oldest);
        picture.then(URL.revokeObjectURL, () => null);
      }
    }
    return kept.get(address);
  };
  const near = new IntersectionObserver((seen) => seen.filter((one) => one.isIntersecting).forEach(({ target }) => {
    near.unobserve(target);
    target.dispatchEvent(new Event("near"));
  }), { rootMargin: "400px" });

  /** The cover of a row's album if it has one, else the sleeve of `name`. */
  tonearm.cover = (row, name, size = 48) => {
    const drawn = tonearm.sleeve(name, size);
    if (!row?.cover || tonearm.exported) return drawn;
    const picture = tonearm.h("img.sleeve.cover", { width: size, height: size, alt: "", loading: "lazy", decoding: "async" });
    const instead = () => {
      drawn.setAttribute("class", picture.className.replace("cover", ""));
      picture.replaceWith(drawn);
    };
    picture.addEventListener("error", instead, { once: true });
    if (!tonearm.token.get()) picture.src = addressOf(row);
    else {
      picture.addEventListener("near", () => fetched(addressOf(row)).then((address) => (picture.src = address), instead), { once: true });
      near.observe(picture);
    }
    return picture;
  };
})();
