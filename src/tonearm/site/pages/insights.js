"use strict";
/* Questions about a listener, each a card: the answer, a picture, and how sure it is. */
(() => {
  const { h, count, counted, link, to } = tonearm;
  const GROUPS = { me: "What kind of listener am I?", changes: "When and why does it change?", next: "What comes next?", now: "What to put on now?" };
  const SHORT = { me: "Me", changes: "Changes", next: "Next", now: "To put on" };
  const SHOWN = 6;
  const round = (value, digits = 2) => (value == null ? "" : Number(value.toFixed(digits)));
  const decimals = (value, digits = 2, signDisplay = "auto") => new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay }).format(value);
  /** Of a number from 0 to 100. */
  const percent = (value) => tonearm.percent(value / 100);
  const { text, sentence, songs } = tonearm;
  const isFinding = (row) => row.verdict === "higher" || row.verdict === "lower";
  const hourOf = tonearm.oClock;
  const monthOf = (row) => tonearm.shortMonthOfYear(tonearm.dayOfMonth(row.month));

  /* ---- Pictures, by their kind. */

  const clock = ({ rows }) => tonearm.chart("Plays by hour of the day, on a clock of 24 hours", (Plot, width, colour) => {
    const size = Math.min(width, 290), half = size / 2, inner = size * 0.17, outer = half - 20;
    const most = Math.max(1, ...rows.map((row) => row.listens));
    const reach = d3.scaleSqrt([0, most], [inner, outer]);
    const arc = d3.arc().innerRadius(inner).cornerRadius(3).padAngle(0.025)
      .startAngle((row) => (row.hour * Math.PI) / 12).endAngle((row) => ((row.hour + 1) * Math.PI) / 12)
      .outerRadius((row) => reach(row.listens));
    const svg = d3.create("svg").attr("viewBox", [-width / 2, -half, width, size]).attr("width", width).attr("height", size);
    svg.append("circle").attr("r", outer).attr("fill", "none").attr("stroke", colour("line"));
    svg.append("g").selectAll("path").data(rows).join("path").attr("d", arc)
      .attr("fill", (row) => (row.listens === most ? colour("accent") : colour("heat-3")))
      .append("title").text((row) => `${hourOf(row.hour)}–${hourOf((row.hour + 1) % 24)}: ${counted(row.listens, "play")}`);
    svg.append("g").attr("fill", colour("soft")).attr("text-anchor", "middle").attr("font-size", 12).selectAll("text").data([0, 3, 6, 9, 12, 15, 18, 21]).join("text")
      .attr("x", (hour) => (outer + 11) * Math.sin((hour * Math.PI) / 12)).attr("y", (hour) => -(outer + 11) * Math.cos((hour * Math.PI) / 12) + 4).text(String);
    return svg.node();
  }, rows, [["hour", (row) => row.hour], ["plays", (row) => row.listens]]);

  const columns = ({ rows: found, unit, axis, even }) => {
    const rows = found.map((row) => (row.month ? { ...row, label: monthOf(row) } : row));
    return tonearm.chart(`${unit} by ${axis || "month"}`, (Plot, width, colour) => Plot.plot({
    width, height: axis ? 204 : 190, marginLeft: 52, marginBottom: axis ? 42 : 26, marginRight: 4, x: { label: axis || null, labelAnchor: "center", labelArrow: "none", labelOffset: 36, domain: rows.map((row) => row.label), tickSize: 0, tickFormat: (label) => (width < 420 && rows.length > 8 ? label[0] : label) },
    y: { label: unit, ticks: 4, grid: true, tickSize: 0 },
    marks: [
      Plot.barY(rows, { x: "label", y: "value", fill: colour("heat-3"), rx: 3, title: (row) => `${row.label}: ${count(round(row.value, 1))} ${unit}` }),
      rows[0]?.low == null ? null : Plot.ruleX(rows, { x: "label", y1: "low", y2: (row) => Math.min(row.high, 100), stroke: colour("ink"), strokeWidth: 1.5, clip: true }),
      even ? Plot.ruleY([even], { stroke: colour("accent"), strokeDasharray: "4 3" }) : null,
    ],
  }), rows, [[axis || "month", (row) => row.label], [unit, (row) => round(row.value)]]);
  };

  const years = ({ rows }) => {
    const long = rows.flatMap((row) => [{ year: row.year, listens: row.known, kind: "known before" }, { year: row.year, listens: row.new, kind: "new that year" }]);
    return [tonearm.chart("Plays of artists known from before and of new ones, by year", (Plot, width, colour) => Plot.plot({
      width, height: 200, marginLeft: 56, marginRight: 4, x: { label: null, tickFormat: (year) => (width < 420 ? `’${String(year).slice(2)}` : String(year)), tickSize: 0 }, y: { label: "plays", ticks: 4, grid: true, tickSize: 0 },
      color: { domain: ["known before", "new that year"], range: [colour("second"), colour("heat-3")] },
      marks: [Plot.barY(long, { x: "year", y: "listens", fill: "kind", title: (row) => `${row.year}: ${counted(row.listens, "play")} of artists ${row.kind}` })],
    }), rows, [["year", (row) => row.year], ["known before", (row) => row.known], ["new that year", (row) => row.new]]),
    legend([["second", "artists known from an earlier year"], ["heat-3", "artists new that year"]])];
  };

  const legend = (rows) => h("p.legend", {}, rows.map(([name, text]) => h("span", {}, h("i", { style: { background: `var(--${name})` }, "aria-hidden": "true" }), text)));

  const traits = ({ rows }) => h("ul.traits", {}, rows.map((row) => h(row.is_named ? "li.is-named" : "li", {},
    h("span.ends", {}, h("span", {}, row.less), h("span", {}, row.more)),
    h("span.track", { role: "img", "aria-label": `${text(row, "label")}; further towards “${row.more}” than ${percent(row.rank)} of those compared` }, h("i", { style: { left: `${row.rank}%` } })),
    h("small", {}, text(row, "label")))));

  const artist = (row) => (row.artist_id ? link.artist(row) : row.artist);

  const pairs = ({ rows }) => h("ul.line", {}, rows.map((row) => h(row.is_finding ? "li.is-named" : "li", {},
    h("span", {}, artist(row.first), " → ", artist(row.second)), h("span.soft", {}, `${counted(row.times, "time")}, by chance ${count(row.expected)}`))));

  const bars = ({ rows, line = "usually" }) => {
    const hasUsual = rows.some((row) => row.usual != null && row.usual !== row.value);
    return [h("ul.meters", {}, rows.map((row) => h("li", {},
      h("span", {}, row.artist_id ? link.artist({ artist_id: row.artist_id, artist: row.label }) : text(row, "label")), h("b", {}, percent(row.value)),
      h("span.meter", { "aria-hidden": "true" }, h("i", { style: { width: `${row.value}%` } }),
        hasUsual && row.usual != null && h("u", { style: { left: `${row.usual}%` } })),
      hasUsual && row.usual != null && h("span.unseen", {}, `${line} ${percent(row.usual)}`)))),
    hasUsual && h("small", {}, `The upright line is ${line === "usually" ? "what is usual" : line}.`)];
  };

  const profiles = ({ rows }) => h("div.profiles", {}, rows.map((row) => h("div", {}, h("h4", {}, row.label),
    h("ul.meters", {}, row.levels.map((level) => h("li", {}, h("span", {}, level.label), h("b", {}, decimals(level.value)),
      h("span.meter", { "aria-hidden": "true" }, h("i", { style: { width: `${100 * level.value}%` } }))))))));

  const timeline = ({ rows, lanes }) => tonearm.chart("Unusual days by kind; the larger the dot, the more unusual", (Plot, width, colour) => Plot.plot({
    width, height: 46 * lanes.length + 40, marginLeft: 8, marginRight: 8, marginTop: 20, x: { type: "utc", label: null, ticks: Math.max(3, Math.floor(width / 90)) },
    y: { domain: lanes, axis: null, padding: 0.2 }, r: { range: [2, 10] },
    marks: [
      Plot.ruleY(lanes, { stroke: colour("line") }),
      Plot.text(lanes, { y: (lane) => lane, text: (lane) => lane, frameAnchor: "left", dy: -13, textAnchor: "start", fill: colour("soft") }),
      Plot.dot(rows, {
        x: (row) => tonearm.dayOf(row.day), y: "what", r: "score", fill: (row) => colour(row.severity === "moderate" ? "heat-2" : row.severity === "strong" ? "heat-3" : "accent"), fillOpacity: 0.8,
        title: (row) => `${tonearm.date(row.day)}: ${text(row)}`, href: (row) => to(["day", row.day]), target: "_self",
      }),
    ],
  }), rows, [["day", (row) => row.day], ["what", (row) => row.what], ["how unusual", (row) => row.severity], ["in words", (row) => text(row)]]);

  const findings = ({ rows, axis }) => tonearm.chart(`Differences with their intervals: ${axis}`, (Plot, width, colour) => {
    const far = Math.max(0.3, ...rows.flatMap((row) => [row.value, row.low, row.high].map((v) => Math.abs(v ?? 0))));
    const left = Math.min(Math.max(...rows.map((row) => row.label.length)) * 6.6 + 12, width * 0.46);
    return Plot.plot({
      width, height: 22 * rows.length + 60, marginTop: 8, marginBottom: 42, marginLeft: left, marginRight: 8, x: { domain: [-far, far], label: axis, labelAnchor: "center", labelArrow: "none", labelOffset: 36, ticks: 4, tickSize: 0 },
      y: { domain: rows.map((row) => row.label), label: null, tickSize: 0, tickFormat: (label) => (label.length * 6.6 > left ? label.slice(0, Math.floor(left / 7) - 2) + "…" : label) },
      marks: [
        Plot.ruleX([0], { stroke: colour("line"), strokeWidth: 2 }),
        Plot.ruleY(rows.filter((row) => row.low != null), { y: "label", x1: "low", x2: "high", stroke: (row) => tone(row, colour), strokeWidth: 2 }),
        Plot.dot(rows, { y: "label", x: "value", r: 4.5, fill: (row) => tone(row, colour), title: (row) => text(row) }),
      ],
    });
  }, rows, [["what", (row) => row.label], ["difference", (row) => round(row.value)], ["from", (row) => round(row.low)], ["to", (row) => round(row.high)], ["a finding", (row) => (isFinding(row) ? "yes" : "no")], ["in words", (row) => text(row)]]);

  const tone = (row, colour) => (row.verdict === "higher" ? colour("accent") : row.verdict === "lower" ? colour("second") : colour("soft"));

  const deviations = ({ rows, axis }) => tonearm.chart(axis, (Plot, width, colour) => Plot.plot({
    width, height: 210, marginLeft: 44, marginRight: 8, marginBottom: 40, x: { domain: [0, 24], ticks: [0, 6, 12, 18, 24], label: "hour of the day", labelAnchor: "center", labelArrow: "none", labelOffset: 34, tickSize: 0 }, y: { label: axis, ticks: 4, tickSize: 0 },
    marks: [
      Plot.rectX([[0, 6]], { x1: 0, x2: 6, fill: colour("line"), fillOpacity: 0.4 }),
      Plot.ruleY([0], { stroke: colour("line"), strokeWidth: 2 }),
      Plot.ruleX(rows.filter((row) => row.low != null), { x: (row) => row.hour + 0.5, y1: "low", y2: "high", stroke: (row) => tone(row, colour), strokeWidth: 2 }),
      Plot.dot(rows, { x: (row) => row.hour + 0.5, y: "value", r: 4, fill: (row) => tone(row, colour), title: (row) => `${hourOf(row.hour)}: ${decimals(row.value, 2, "always")}` }),
    ],
  }), rows, [["hour", (row) => row.hour], ["difference", (row) => round(row.value)], ["from", (row) => round(row.low)], ["to", (row) => round(row.high)]]);

  const chances = ({ rows }) => [tonearm.chart("Chance that you start listening, for each coming hour", (Plot, width, colour) => {
    const placed = rows.map((row, place) => ({ ...row, place }));
    return Plot.plot({
      width, height: 190, marginLeft: 40, marginRight: 4, x: { type: "band", label: null, tickSize: 0, tickFormat: (place) => (rows[place].hour % 3 ? "" : String(rows[place].hour)) }, y: { label: "%", ticks: 4, grid: true, tickSize: 0 },
      marks: [
        Plot.barY(placed, { x: "place", y: "value", fill: (row) => (row.value === Math.max(...rows.map((one) => one.value)) ? colour("accent") : colour("heat-3")), rx: 2, title: (row) => `${hourOf(row.hour)}: ${percent(row.value)}` }),
        Plot.tickY(placed.filter((row) => row.usual != null), { x: "place", y: "usual", stroke: colour("ink"), strokeWidth: 1.5 }),
      ],
    });
  }, rows, [["hour", (row) => hourOf(row.hour)], ["chance, %", (row) => row.value], ["usual, %", (row) => row.usual]]), h("small", {}, "Lines are what is usual at that hour.")];

  const checks = ({ rows }) => h("ul.checks", {}, rows.map((row) => h(row.is_better ? "li.is-better" : "li", {}, h("b", { "aria-hidden": "true" }, row.is_better ? "✓" : "–"), h("span", {}, row.label), h("small", {}, text(row)))));

  const hours = ({ rows }) => h("ul.strips", {}, rows.map((row) => h("li", {}, h("span", {}, row.label),
    h("span.strip", { role: "img", "aria-label": row.hours.length ? `at ${row.hours.map(hourOf).join(", ")}` : "at no hour in particular" },
      Array.from({ length: 24 }, (_, hour) => h(row.hours.includes(hour) ? "i.on" : "i", { title: hourOf(hour) }))))),
  h("li.axis", { "aria-hidden": "true" }, h("span"), h("span.ticks", {}, [0, 6, 12, 18, 24].map((hour) => h("small", {}, String(hour))))));

  const keep = async (name) => {
    const text = await tonearm.api(`listeners/${encodeURIComponent(tonearm.listener)}/playlists/${encodeURIComponent(name)}?format=m3u`);
    tonearm.save(new Blob([text], { type: "audio/mpegurl" }), `${name}.m3u8`);
  };

  /** Which of several lists is shown, as links. */
  const choose = (lists, chosen, card, query) => lists.length > 1 && tonearm.choices(card.question, lists.map((list) =>
    [list.name, to(["insights", ...tonearm.here().parts], { ...Object.fromEntries(query), [card.id]: list.name }), list === chosen]));

  const tracks = ({ lists }, card, query) => {
    const chosen = lists.find((list) => list.name === query.get(card.id)) ?? lists[0];
    return [
      choose(lists, chosen, card, query),
      chosen.note && h("p", {}, h("small", {}, chosen.note)),
      songs(chosen.rows.slice(0, SHOWN)),
      chosen.playlist && !tonearm.exported && h("button", { type: "button", onclick: () => keep(chosen.playlist) }, `Save ${chosen.playlist} as M3U`),
      chosen.rows.length > SHOWN && tonearm.question(`${chosen.rows.length - SHOWN} more`, songs(chosen.rows.slice(SHOWN))),
    ];
  };

  /** Recommendations take seconds on a server that was not asked before, so the reader asks for them. */
  const recommend = () => {
    if (tonearm.exported) return tonearm.quiet("Recommendations need the server; an exported page has none.");
    const place = h("div.found", { "aria-live": "polite" });
    const buttons = [["Tracks for me", {}], ["New artists only", { new_artists: true }], ["Surprise me", { novelty: 0.8, diversity: 0.8 }]].map(([name, wishes]) =>
      h("button", { type: "button", onclick: () => ask(wishes) }, name));
    const ask = async (wishes) => {
      for (const button of buttons) button.disabled = true;
      const waiting = h("p.quiet.waiting", {}, "Looking through what you have not played …");
      const slow = setTimeout(() => waiting.append(" The first time takes some seconds longer, while the tracks are read."), 2500);
      place.replaceChildren(waiting);
      try {
        const found = await tonearm.api("recommend/user/", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ listener: tonearm.listener, k: SHOWN, ...wishes }) });
        place.replaceChildren(...tonearm.recommended(found));
      } catch (error) {
        place.replaceChildren(tonearm.quiet(error.message), h("button", { type: "button", onclick: () => ask(wishes) }, "Try again"));
      } finally {
        clearTimeout(slow);
        for (const button of buttons) button.disabled = false;
      }
    };
    return [h("p.wishes", {}, buttons), place];
  };

  /** A week of hours, a row for each day; the choice of what is shown is in the address. */
  const week = ({ lists }, card, query) => {
    const chosen = lists.find((list) => list.name === query.get(card.id)) ?? lists[0];
    return [choose(lists, chosen, card, query), tonearm.chart(`${chosen.name} expected in each hour of the coming week, from ${chosen.less} to ${chosen.more}`, (Plot, width, colour) => {
      const days = [...new Set(chosen.rows.map((row) => row.day))];
      const [low, high] = d3.extent(chosen.rows, (row) => row.value);
      return Plot.plot({
        width, height: 24 * days.length + 58, marginLeft: 40, marginRight: 4, marginTop: 8, marginBottom: 46, padding: 0.06,
        x: { domain: d3.range(24), label: "hour of the day", labelAnchor: "center", labelArrow: "none", labelOffset: 36, tickSize: 0, tickFormat: (hour) => (hour % 6 ? "" : String(hour)) },
        y: { domain: days, label: null, tickSize: 0, tickFormat: (day) => tonearm.shortWeekday(day) },
        // Hours that hardly differ are not to look as if they did.
        color: { domain: [low, Math.max(high, low + 0.15)], range: [colour("heat-1"), colour("heat-5")] },
        marks: [Plot.cell(chosen.rows, { x: "hour", y: "day", fill: "value", rx: 2, title: (row) => `${tonearm.weekday(row.day)}, ${hourOf(row.hour)}: ${decimals(row.value)}` })],
      });
    }, chosen.rows, [["day", (row) => row.day], ["hour", (row) => hourOf(row.hour)], [chosen.name.toLowerCase(), (row) => row.value], ["usual", (row) => row.usual]]),
    legend([["heat-1", chosen.less], ["heat-5", chosen.more]])];
  };

  const PICTURES = { clock, columns, years, traits, pairs, bars, profiles, timeline, findings, deviations, chances, checks, hours, tracks, recommend, week };

  /* ---- Cards. */

  const items = (rows) => rows.length > 0 && h("ul.items", {}, rows.map((row) => h("li", {},
    row.artist_id ? link.artist(row) : row.day ? link.day(row.day, tonearm.shortDate(row.day)) : null, row.text && h("small", {}, " ", sentence(row)))));

  const SURE = [["Based on", "n"], ["Range", "interval"], ["Compared with", "baseline"], ["Note", "how"]];
  const sure = (row) => tonearm.question("How sure are we?", h("dl.sure", {},
    SURE.filter(([, name]) => row[name]).map(([title, name]) => [h("dt", {}, title), h("dd", {}, sentence(row, name))])));

  const draw = (card, query) => h("article.card.insight", { id: card.id, "aria-labelledby": `${card.id}-question` },
    h("h3", { id: `${card.id}-question` }, card.question),
    h("p.answer", {}, sentence(card, "answer")),
    card.picture && PICTURES[card.picture.kind]?.(card.picture, card, query),
    items(card.items),
    card.sure && sure(card.sure));

  const group = (title, cards, query) => {
    const answered = cards.filter((card) => card.needs == null), others = cards.filter((card) => card.needs != null);
    // Two columns of about the same height, read down the page on a phone in the order of the document.
    return tonearm.section(title,
      h("div.insights", {}, answered.map((card) => draw(card, query))),
      others.length > 0 && h("ul.unanswered", {}, others.map((card) => h("li.quiet", {}, h("b", {}, card.question), " ", sentence(card, "needs")))));
  };

  const choices = (chosen, groups) => tonearm.choices("Questions about", [["All", to("insights"), !chosen], ...groups.map(([name]) => [SHORT[name], to(["insights", name]), name === chosen])]);

  tonearm.pages.insights = {
    title: "Insights",
    nav: 3,
    draw: async ({ parts, query, signal }) => {
      const found = await tonearm.document("insights", {}, { signal });
      if (!found.listens) return [h("div.lead", {}, h("h1", {}, "Insights"), tonearm.quiet("Import a history on the Library page; the questions are answered from its plays."))];
      const chosen = GROUPS[parts[0]] ? parts[0] : null;
      // A website's copy has the questions that its listener shows there.
      const groups = Object.entries(GROUPS).filter(([, title]) => found.cards.some((card) => card.group === title));
      const answered = found.cards.filter((card) => card.needs == null).length;
      return [
        h("div.lead", {}, h("h1", {}, "Is it you, or is it chance?"),
          h("p", {}, `${counted(answered, "question")} about your ${counted(found.listens, "play")}, answered. Where chance could have made a difference, the answer says so.`,
            found.has_ended && [" ", tonearm.ended(found), "; “now” and “next” mean then."]),
          choices(chosen, groups)),
        groups.filter(([name]) => !chosen || name === chosen).map(([, title]) => group(title, found.cards.filter((card) => card.group === title), query)),
      ];
    },
  };
})();
