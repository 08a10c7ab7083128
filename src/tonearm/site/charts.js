"use strict";
/* Charts by Observable Plot, which is loaded when the first of them is drawn. Each has a table of its numbers behind
   it, and can be kept as a picture or as CSV. */
(() => {
  const { h } = tonearm;
  // As the server marks the addresses of the other files, so that a browser asks for each of them once.
  const { search } = new URL(document.currentScript.src);
  const script = (path) => new Promise((done, failed) => {
    const made = h("script", { src: path + search, onload: done, onerror: () => failed(new Error(`${path} cannot be loaded`)) });
    made.async = false; // Plot needs d3: they come at once, and run in order.
    document.head.append(made);
  });
  let loading;
  const plot = () => (loading ??= Promise.all(["site/vendor/d3.min.js", "site/vendor/plot.min.js"].map(script)));

  /** A colour of the style sheet, as the theme has it now. */
  tonearm.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /**
   * A chart in a figure: `draw(Plot, width, colour)` returns Plot's element, and is called again when the width or the
   * theme changes. `label` says in words what is seen; `columns` are [name, row => value] of the table behind it.
   */
  tonearm.chart = (label, draw, rows, columns) => {
    const place = h("div.drawing", { role: "img", "aria-label": `${label}; the numbers come after it` });
    const table = h("details.numbers", {}, h("summary", {}, "The numbers", h("span.unseen", {}, ` of: ${label}`)));
    table.addEventListener("toggle", () => table.open && table.children.length < 2 && table.append(tonearm.table(rows, columns)), { once: false });
    const keep = h("span.keep", {},
      h("button", { type: "button", "aria-label": `PNG of: ${label}`, onclick: () => keepPicture(place, label) }, "PNG"),
      h("button", { type: "button", "aria-label": `CSV of: ${label}`, onclick: () => keepText(tonearm.csv(rows, columns), label) }, "CSV"));
    const figure = h("figure.chart", { "aria-label": label }, place, h("figcaption", {}, table, keep));
    const redraw = async () => {
      await plot();
      const width = place.clientWidth;
      if (!width) return;
      place.replaceChildren(draw(window.Plot, width, tonearm.colour));
      // Plot names its groups of marks, which have no role to be named; and a stop at each of a thousand linked marks
      // would be no help to whoever uses the keyboard, for whom the table has the same numbers.
      place.querySelectorAll("g[aria-label]").forEach((group) => group.removeAttribute("aria-label"));
      const links = place.querySelectorAll("a");
      links.forEach((one) => one.setAttribute("tabindex", "-1"));
      place.setAttribute("role", links.length ? "group" : "img");
    };
    let drawn = 0;
    const observer = new ResizeObserver(() => {
      if (place.isConnected && Math.abs(place.clientWidth - drawn) > 4) { drawn = place.clientWidth; redraw(); }
    });
    observer.observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => place.isConnected && redraw());
    return figure;
  };

  /** The rows behind a chart. */
  tonearm.table = (rows, columns) => h("div.scroll", { tabindex: 0, role: "region", "aria-label": "The numbers" }, h("table", {},
    h("thead", {}, h("tr", {}, columns.map(([name]) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, columns.map(([, value]) => h("td", {}, String(value(row) ?? ""))))))));

  /** The same as CSV; text that a spreadsheet would take for a formula is kept as text. */
  tonearm.csv = (rows, columns) => {
    const cell = (value) => {
      const text = value == null ? "" : String(value);
      const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
      return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    return [columns.map(([name]) => cell(name)), ...rows.map((row) => columns.map(([, value]) => cell(value(row))))].map((line) => line.join(",")).join("\r\n") + "\r\n";
  };

  tonearm.fileName = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60);
  const save = (blob, name) => {
    const href = URL.createObjectURL(blob);
    h("a", { href, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  };
  const keepText = (text, label) => save(new Blob(["\ufeff", text], { type: "text/csv" }), `${tonearm.fileName(label) || "chart"}.csv`);
  const keepPicture = async (place, label) => {
    const svg = place.querySelector("svg:last-of-type");
    if (svg) save(await tonearm.png(svg, tonearm.colour("paper")), `${tonearm.fileName(label) || "chart"}.png`);
  };

  /** An SVG element as a PNG, `scale` times its size, on `paper`. */
  tonearm.png = async (svg, paper, scale = 2) => {
    const copy = svg.cloneNode(true);
    const { width, height } = svg.viewBox.baseVal ?? svg.getBoundingClientRect();
    const style = getComputedStyle(svg);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.style.cssText = `color:${style.color};font:${style.font};background:${paper}`;
    const picture = new Image();
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(copy));
    await picture.decode();
    const canvas = h("canvas", { width: width * scale, height: height * scale });
    const pen = canvas.getContext("2d");
    pen.fillStyle = paper;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  };
  tonearm.save = save;

  const FEW_YEARS = 6; // Their days may be larger, and still are seen at a glance.
  const WEEKS = 59; // Of a row: 53 at most, one between two columns, and as much as the year needs.
  /** Every day of a history as one poster: a row of weeks for each year, in two columns of them where there is room.
      `days` are [day, listens]. */
  tonearm.calendar = (days) => {
    const years = [...new Set(days.map(([day]) => day.slice(0, 4)))].sort();
    const isMany = years.length > FEW_YEARS;
    return tonearm.chart(
      "Listens on each day, a row for each year",
      (Plot, width, colour) => {
        const columns = isMany && width >= 2 * WEEKS * 8 ? 2 : 1;
        const rows = Math.ceil(years.length / columns);
        const cell = Math.min(isMany ? 11 : 18, Math.max(3, Math.floor(width / columns / WEEKS)));
        const place = (year) => ({ column: Math.floor(years.indexOf(year) / rows), row: years.indexOf(year) % rows });
        const within = { fx: (of) => place(of).column, fy: (of) => place(of).row };
        const ofDay = { fx: ([day]) => place(day.slice(0, 4)).column, fy: ([day]) => place(day.slice(0, 4)).row };
        const drawn = Plot.plot({
          width: Math.min(width, columns * cell * WEEKS), height: rows * (cell * 7 + 8) + 8, marginLeft: 0, marginRight: 0, marginTop: 4, marginBottom: 4,
          padding: 0.08, x: { axis: null, domain: d3.range(54 - WEEKS, 54) }, y: { axis: null, domain: [1, 2, 3, 4, 5, 6, 0] }, fx: { axis: null, padding: 0 }, fy: { axis: null, padding: 0.12 },
          color: { type: "quantile", n: 5, range: [1, 2, 3, 4, 5].map((step) => colour("heat-" + step)) },
          marks: [Plot.cell(days, {
            ...ofDay, x: ([day]) => d3.utcMonday.count(d3.utcYear(tonearm.dayOf(day)), tonearm.dayOf(day)), y: ([day]) => tonearm.dayOf(day).getUTCDay(),
            fill: (row) => row[1], inset: cell > 6 ? 0.5 : 0, rx: cell > 6 ? 1.5 : 0,
            title: ([day, listens]) => `${tonearm.date(day)}: ${tonearm.counted(listens, "listen")}`,
          }), Plot.text(years, { ...within, frameAnchor: "left", text: (year) => year })],
        });
        // By mouse alone: thousands of days are no stops for a keyboard, which has the table.
        d3.select(drawn).selectAll("rect").style("cursor", "pointer").on("click", (_event, i) => { location.hash = tonearm.to(["day", days[i][0]]); });
        return drawn;
      },
      days, [["day", (row) => row[0]], ["listens", (row) => row[1]]],
    );
  };
})();
