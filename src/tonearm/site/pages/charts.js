"use strict";
/* Charts: what was played most in a period, and the period itself. All of it is in the address. */
(() => {
  const { h, count, counted, percent, link, section, figure, amount, quiet, choices, to } = tonearm;
  const KINDS = { artists: "Artists", albums: "Albums", tracks: "Tracks", genres: "Genres" };
  const ONE = { artists: "artist", albums: "album", tracks: "track", genres: "genre" };
  const PART = 0.9; // Below it, it is worth saying how many plays are in a ranking.

  /* ---- Periods in words. */

  const days = (first, last) => (first === last ? tonearm.date(first) : `${tonearm.shortDate(first)} to ${tonearm.shortDate(last)}`);
  const title = ({ unit, first, last }) => ({
    all: () => "all time", year: () => tonearm.year(first), month: () => tonearm.month(first),
    week: () => `the week of ${tonearm.date(first)}`, days: () => days(first, last),
  })[unit]();
  const short = ({ unit, first, last }) => ({
    year: () => tonearm.year(first), month: () => tonearm.month(first), week: () => `Week of ${tonearm.shortDate(first)}`, days: () => days(first, last),
  })[unit]();
  const heading = (kind, period) => (period.unit === "days" ? `${KINDS[kind]}, ${title(period)}` : `${KINDS[kind]} of ${title(period)}`);

  /* ---- What the reader chooses; each choice is a link that keeps the others. */

  /** The address of this page with something else in it; a ranking begins again at its first page. */
  const addressOf = (chart, { kind = chart.kind, period = chart.period.address, genre = chart.genre, page } = {}) =>
    to(["charts", kind], { ...(period.range === "all" ? {} : period), genre, page: page > 1 ? page : null });

  const kinds = (chart) => choices("What is ranked", Object.entries(KINDS).map(([kind, name]) =>
    [name, addressOf(chart, { kind, genre: kind === "genres" ? null : chart.genre }), kind === chart.kind]));

  const units = (chart) => {
    const { unit, others } = chart.period;
    const named = [["Week", "week"], ["Month", "month"], ["Year", "year"]].map(([name, one]) => [name, addressOf(chart, { period: others[one] }), one === unit]);
    return choices("Period", [...named, ["All time", addressOf(chart, { period: { range: "all" } }), unit === "all"]]);
  };

  /** Any days, from a form that leads to their address. */
  const otherDays = (chart) => {
    const { first, counted_until: last, unit } = chart.period;
    const day = (name, label, value) => h("label", {}, h("span", {}, label), h("input", { type: "date", name, value, required: true, min: "2000-01-01", max: "2199-12-31" }));
    const lead = (event) => {
      event.preventDefault();
      const asked = new FormData(event.target);
      const [from, until] = [asked.get("from"), asked.get("to")].sort();
      location.hash = addressOf(chart, { period: { from, to: until } });
    };
    return h("details.other", { open: unit === "days" }, h("summary", {}, "Other days"),
      h("form.days", { onsubmit: lead }, day("from", "From", first), day("to", "to", last), h("button", {}, "Show")));
  };

  const steps = (chart) => {
    const { earlier, later, unit } = chart.period;
    if (unit === "all") return null;
    const step = (one, rel, before, after) => (one
      ? h("a", { href: addressOf(chart, { period: one.address }), rel }, h("span", { "aria-hidden": "true" }, before), short(one), h("span", { "aria-hidden": "true" }, after))
      : h("span", {}));
    return h("nav.steps", { "aria-label": "Period before and after" }, step(earlier, "prev", "← ", ""), step(later, "next", "", " →"));
  };

  const genres = (chart) => {
    const { genres, genre, genre_listens: known, kind } = chart;
    if (kind === "genres" || (!genres.length && !genre)) return null;
    const shown = genre && !genres.some((one) => one.genre === genre) ? [...genres, { genre, listens: 0 }] : genres;
    const all = [["All genres", addressOf(chart, { genre: null }), !genre]];
    return h("div.filter", {},
      choices("Genre", [...all, ...shown.map((one) => [`${one.genre} ${count(one.listens)}`, addressOf(chart, { genre: one.genre }), one.genre === genre])]),
      known.listens < PART * known.of && quiet(`The genre is known of ${count(known.listens)} of ${counted(known.of, "play")} in this period.`));
  };

  /* ---- The totals, and what came first. */

  const figures = ({ totals, before }) => {
    const compared = before && !before.is_partial ? before : null;
    const one = (name, label) => amount(totals[name], label, compared && tonearm.change(totals[name], compared[name]));
    return h("div.figures", {},
      one("listens", "play"), one("artists", "artist"),
      totals.albums ? one("albums", "album") : null, one("tracks", "track"),
      totals.heard_s ? figure(tonearm.duration(totals.heard_s), totals.timed_listens < totals.listens ? `in the ${counted(totals.timed_listens, "play")} that are timed` : "of music") : null,
      figure(count(totals.days), totals.days === 1 ? "day with music" : "days with music"));
  };

  const against = ({ before, period, history }) => {
    if (!before) return null;
    if (before.is_partial) return quiet(`Your history begins on ${tonearm.date(history.first)}, so there is too little before to compare with.`);
    const earlier = { ...period.earlier, first: before.first, last: before.last, unit: period.is_going ? "days" : period.unit };
    return quiet(`Compared with ${title(earlier)}: ${counted(before.listens, "play")}.`);
  };

  const named = (kind, row) => ({ artists: () => link.artist(row), albums: () => [link.album(row), " by ", link.artist(row)], tracks: () => [link.track(row), " by ", link.artist(row)], genres: () => link.genre(row.genre) })[kind]();

  /** "X came first with 312 plays, then Y and Z."; only where one did come first. */
  const winner = ({ kind, ranking, period, has_ended: hasEnded }) => {
    const [first, second, third] = ranking.rows;
    if (ranking.page > 1) return h("p", {}, `Places ${count(first.rank)} and below.`);
    if (!first) return null;
    if (second && second.listens === first.listens) return h("p", {}, `Nothing stands out: ${counted(first.listens, "play")} each for the first.`);
    const rest = [second, third].filter(Boolean).map((row, i) => [i ? " and " : ", then ", named(kind, row)]);
    const so = period.is_going && !hasEnded ? " so far" : "";
    return h("p", {}, named(kind, first), ` came first${so} with ${counted(first.listens, "play")}`, rest, ".");
  };

  /* ---- The ranking. */

  /** How a row moved against the period before. */
  const movement = (row) => {
    const [kind, mark, words] = row.before == null
      ? (row.is_new ? ["first", "new", "never played before this period"] : ["back", "back", "played earlier, but not in the period before"])
      : row.before > row.rank ? ["up", `▲ ${count(row.before - row.rank)}`, `up from place ${count(row.before)}`]
        : row.before < row.rank ? ["down", `▼ ${count(row.rank - row.before)}`, `down from place ${count(row.before)}`]
          : ["same", "=", "as before"];
    return h(`span.move.${kind}`, { title: words }, h("span", { "aria-hidden": "true" }, mark), h("span.unseen", {}, `${words},`));
  };

  const ranked = (chart) => {
    const { kind, ranking } = chart;
    const rows = ranking.rows.map((row) => ({ ...row, share: percent(row.share), movement: ranking.has_movement ? movement(row) : null }));
    const list = tonearm.ranking(kind, rows, rows[0].rank, ranking.most);
    list.classList.add("charted");
    return list;
  };

  const coverage = ({ kind, ranking, totals }) => ranking.listens < PART * totals.listens
    && quiet(`${count(ranking.listens)} of ${counted(totals.listens, "play")} have ${kind === "albums" ? "an album" : `a known ${ONE[kind]}`}; shares are of these.`);

  const pager = (chart) => {
    const { page, pages, of } = chart.ranking;
    const go = (number, text, rel) => (number >= 1 && number <= pages ? h("a", { href: addressOf(chart, { page: number }), rel }, text) : h("span", {}));
    return h("nav.steps", { "aria-label": "Pages of the ranking" },
      pages > 1 && h("span.ends", {}, page > 2 && go(1, "First"), go(page - 1, "← Before", "prev")),
      h("span.soft", {}, pages > 1 ? `Page ${count(page)} of ${count(pages)}, ${counted(of, ONE[chart.kind])}` : counted(of, ONE[chart.kind])),
      pages > 1 && h("span.ends", {}, go(page + 1, "Next →", "next"), page < pages - 1 && go(pages, "Last")));
  };

  const missing = ({ kind, genre }) => ({
    albums: "No play in this period names its album. An import from Spotify or Last.fm would.",
    genres: "No play in this period has a known genre. A catalogue with genres, imported like a history, would help.",
  })[kind] ?? (genre ? `No play of ${genre} in this period.` : "Nothing was played in this period.");

  const table = (chart) => section(chart.ranking.page > 1 ? `${KINDS[chart.kind]}, page ${count(chart.ranking.page)}` : `Top ${KINDS[chart.kind].toLowerCase()}`,
    chart.ranking.rows.length ? [coverage(chart), ranked(chart), pager(chart)] : quiet(missing(chart)));

  /* ---- When. */

  // Plot and d3 are only there when a chart is drawn, not when the page is made.
  const sundayAfter = (monday) => new Date(Date.parse(monday) + 6 * 86_400_000).toISOString().slice(0, 10);
  const STEP = {
    day: { name: "day", d3: "utcDay", text: (day) => tonearm.date(day), href: (chart, day) => to(["day", day]) },
    week: { name: "week", d3: "utcMonday", text: (day) => `week of ${tonearm.date(day)}`, href: (chart, day) => addressOf(chart, { period: { from: day, to: sundayAfter(day) } }) },
    month: { name: "month", d3: "utcMonth", text: (day) => tonearm.month(day), href: (chart, day) => addressOf(chart, { period: { range: day.slice(0, 7) } }) },
    year: { name: "year", d3: "utcYear", text: (day) => tonearm.year(day), href: (chart, day) => addressOf(chart, { period: { range: day.slice(0, 4) } }) },
  };
  const at = (row) => new Date(row.first + "T00:00:00Z");
  const until = (step) => (row) => d3[STEP[step].d3].offset(at(row), 1);
  const gap = (rows, width) => Math.min(1, Math.max(0.1, (width / rows.length) * 0.08));

  const overTime = (chart) => {
    const { step, rows } = chart.over_time;
    const most = rows.reduce((best, row) => (row.listens > best.listens ? row : best), rows[0]);
    return section(`Plays by ${step}`,
      h("p.soft", {}, { day: "Most on ", week: "Most in the " }[step] ?? "Most in ", h("a", { href: STEP[step].href(chart, most.first) }, STEP[step].text(most.first)), `: ${counted(most.listens, "play")}.`),
      tonearm.chart(`Plays by ${step}, ${title(chart.period)}`, (Plot, width, colour) => Plot.plot({
        width, height: 190, marginLeft: 42, marginRight: 14, x: { type: "utc", label: null, domain: [at(rows[0]), until(step)(rows.at(-1))] }, y: { label: null, grid: true, ticks: 4, tickFormat: "~s" },
        marks: [
          Plot.rectY(rows, {
            x1: at, x2: until(step), y: "listens", fill: colour("accent"), insetLeft: gap(rows, width), insetRight: gap(rows, width),
            title: (row) => `${STEP[step].text(row.first)}: ${counted(row.listens, "play")}`, href: (row) => STEP[step].href(chart, row.first), target: "_self",
          }),
          Plot.ruleY([0], { stroke: colour("line") }),
        ],
      }), rows, [[step, (row) => row.first], ["plays", (row) => row.listens]]));
  };

  const weekday = (n) => tonearm.weekday(tonearm.dayOfWeek(n));

  /** The week as seven rings of 24 hours: midnight above, noon below, Monday inside, Sunday outside. */
  const clock = (chart) => {
    const plays = new Map(chart.clock.map((row) => [`${row.weekday} ${row.hour}`, row.listens]));
    const cells = d3range(7).flatMap((day) => d3range(24).map((at) => ({ day, at, listens: plays.get(`${day} ${at}`) ?? 0 })));
    const most = cells.reduce((best, cell) => (cell.listens > best.listens ? cell : best));
    const night = cells.filter((cell) => cell.at >= 22 || cell.at < 5).reduce((sum, cell) => sum + cell.listens, 0);
    const all = cells.reduce((sum, cell) => sum + cell.listens, 0);
    return section("The listening clock",
      h("p.soft", {}, `Most on a ${weekday(most.day)} at ${tonearm.hour(most.at)}. ${night ? `${percent(night / all)} of all plays were` : "None was"} at night, from ${tonearm.hour(22)} to ${tonearm.hour(5)}.`),
      tonearm.chart("Plays at each hour of each weekday, as a clock of seven rings", (Plot, width, colour) => drawnClock(cells, most, Math.min(width, 460), colour),
        cells, [["weekday", (cell) => weekday(cell.day)], ["hour", (cell) => cell.at], ["plays", (cell) => cell.listens]]),
      quiet(`Each ring is a weekday, from ${weekday(0)} inside to ${weekday(6)} outside.`));
  };
  const d3range = (n) => Array.from({ length: n }, (_, i) => i);

  const drawnClock = (cells, most, size, colour) => {
    const [outer, inner] = [size / 2 - 26, size / 2 * 0.27];
    const ring = (outer - inner) / 7;
    // Up to the 98th percentile, so that one hour of one party does not pale all others.
    const top = d3.quantile(cells.filter((cell) => cell.listens), 0.98, (cell) => cell.listens);
    const shade = d3.scaleLinear([0, 0.25, 0.5, 0.75, 1].map((part) => part * top), [1, 2, 3, 4, 5].map((step) => colour(`heat-${step}`))).clamp(true);
    const arc = d3.arc().innerRadius((cell) => inner + cell.day * ring).outerRadius((cell) => inner + (cell.day + 1) * ring - 1.5)
      .startAngle((cell) => (cell.at / 24) * 2 * Math.PI).endAngle((cell) => ((cell.at + 1) / 24) * 2 * Math.PI).padAngle(1.5).padRadius(1).cornerRadius(2);
    const svg = d3.create("svg").attr("viewBox", `0 0 ${size} ${size}`).attr("width", size).attr("height", size);
    const middle = svg.append("g").attr("transform", `translate(${size / 2},${size / 2})`);
    middle.selectAll("path").data(cells).join("path").attr("d", arc)
      .attr("fill", (cell) => (cell.listens ? shade(cell.listens) : colour("line"))).attr("fill-opacity", (cell) => (cell.listens ? 1 : 0.45))
      .append("title").text((cell) => `${weekday(cell.day)}, ${tonearm.hour(cell.at)}: ${counted(cell.listens, "play")}`);
    middle.selectAll("text.hour").data(d3.range(0, 24, 3)).join("text").attr("text-anchor", "middle").attr("dy", "0.35em").attr("fill", "currentColor")
      .attr("x", (n) => (outer + 15) * Math.sin((n / 24) * 2 * Math.PI)).attr("y", (n) => -(outer + 13) * Math.cos((n / 24) * 2 * Math.PI)).text((n) => n);
    middle.append("text").attr("text-anchor", "middle").attr("dy", "-0.1em").attr("fill", colour("ink")).attr("font-weight", 700).attr("font-size", inner / 2.6).text(tonearm.shortWeekday(tonearm.dayOfWeek(most.day)));
    middle.append("text").attr("text-anchor", "middle").attr("dy", "1.15em").attr("fill", "currentColor").attr("font-size", inner / 3.2).text(tonearm.hour(most.at));
    return svg.node();
  };

  /* ---- What was new. */

  const discovery = (chart) => {
    const { step, rows } = chart.over_time;
    const { totals, before } = chart;
    const known = rows.reduce((sum, row) => sum + row.known, 0);
    const columns = [[step, (row) => row.first], ["new artists", (row) => row.new_artists], ["new tracks", (row) => row.new_tracks], ["plays", (row) => row.listens], ["of artists known before", (row) => row.known]];
    const compared = before && !before.is_partial ? before : null;
    const bars = (Plot, width, colour) => Plot.plot({
      width, height: 170, marginLeft: 42, marginRight: 14, x: { type: "utc", label: null, domain: [at(rows[0]), until(step)(rows.at(-1))] }, y: { label: null, grid: true, ticks: 4, tickFormat: "~s" },
      marks: [["new_tracks", "heat-3"], ["new_artists", "second"]].map(([name, fill]) => Plot.rectY(rows, {
        x1: at, x2: until(step), y: name, fill: colour(fill), insetLeft: gap(rows, width), insetRight: gap(rows, width),
        title: (row) => `${STEP[step].text(row.first)}: ${counted(row.new_artists, "new artist")}, ${counted(row.new_tracks, "new track")}`, href: (row) => STEP[step].href(chart, row.first), target: "_self",
      })).concat(Plot.ruleY([0], { stroke: colour("line") })),
    });
    const familiar = (Plot, width, colour) => Plot.plot({
      width, height: 150, marginLeft: 42, marginRight: 14, x: { type: "utc", label: null, domain: [at(rows[0]), until(step)(rows.at(-1))] }, y: { label: null, grid: true, ticks: 3, domain: [0, 1], tickFormat: ".0%" },
      marks: [Plot.rectY(rows.filter((row) => row.listens), {
        x1: at, x2: until(step), y: (row) => row.known / row.listens, fill: colour("second"), fillOpacity: 0.75, insetLeft: gap(rows, width), insetRight: gap(rows, width),
        title: (row) => `${STEP[step].text(row.first)}: ${percent(row.known / row.listens)} of ${counted(row.listens, "play")}`,
      }), Plot.ruleY([0], { stroke: colour("line") })],
    });
    return section("New to you",
      h("div.figures", {},
        amount(totals.new_artists, "new artist", compared && tonearm.change(totals.new_artists, compared.new_artists)),
        amount(totals.new_tracks, "new track", compared && tonearm.change(totals.new_tracks, compared.new_tracks)),
        figure(percent(known / totals.listens), "of plays were of artists you knew", `from before that ${step}`)),
      h("p.key", {}, h("span.swatch.tracks", {}), "new tracks ", h("span.swatch.artists", {}), `new artists, each ${step}`),
      tonearm.chart(`New artists and tracks by ${step}, ${title(chart.period)}`, bars, rows, columns.slice(0, 3)),
      h("p.key", {}, `Share of plays of artists known before that ${step}`),
      tonearm.chart(`Share of plays of artists known before, by ${step}, ${title(chart.period)}`, familiar, rows, [columns[0], ...columns.slice(3)]));
  };

  /** The ranking beside its pictures; beneath a short one there is room for the first of them. */
  const pictures = (chart) => {
    const isShort = chart.ranking.rows.length < 10;
    return h("div.beside", {},
      h("div.stack", {}, table(chart), isShort && overTime(chart), isShort && clock(chart)),
      h("div.stack", {}, !isShort && overTime(chart), !isShort && clock(chart), discovery(chart)));
  };

  const nothing = (chart) => quiet(
    chart.history.first ? [missing({ ...chart, kind: "" }), ` Your history is from ${tonearm.date(chart.history.first)} to ${tonearm.date(chart.history.last)}: `, h("a", { href: addressOf(chart, { period: { range: "all" } }) }, "show all of it"), "."]
      : ["Nothing here yet. ", h("a", { href: to("library") }, "Bring in a history"), " to see its charts."]);

  tonearm.pages.charts = {
    title: "Charts",
    nav: 2,
    draw: async ({ parts, query, signal }) => {
      const kind = parts[0] || "artists";
      if (!(kind in KINDS)) throw new tonearm.Problem(404, "", "There are charts of artists, albums, tracks and genres.");
      const asked = Object.fromEntries(["range", "from", "to", "genre", "page"].map((name) => [name, query.get(name)]));
      const chart = await tonearm.document("charts", { kind, ...asked }, { signal });
      const { totals, genre } = chart;
      return [
        h("div.lead", {}, h("h1", {}, heading(kind, chart.period), genre && `: ${genre}`), totals.listens ? winner(chart) : null),
        h("div.chosen", {}, h("div.rows", {}, kinds(chart), units(chart), otherDays(chart)), genres(chart), steps(chart)),
        ...(totals.listens ? [
          h("div.part", {}, figures(chart), against(chart)),
          pictures(chart),
        ] : [nothing(chart)]),
      ];
    },
  };
})();
