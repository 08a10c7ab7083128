"use strict";
/* The pages of an artist, an album, a track and a genre, and what they share with those of a day and a session. */
(() => {
  const { h, count, counted, link, section, figure } = tonearm;

  /* ---- Words. */

  const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
  const ordinals = new Intl.PluralRules("en", { type: "ordinal" });
  const ordinal = (n) => count(n) + ENDINGS[ordinals.select(n)];
  const FAR = 100;
  /** "your 14th most played artist"; "number 3,412 of your 12,207 artists" where nobody counts any more. */
  const ranked = ({ place, sharing, of }, noun, most = "most played") => {
    if (place === 1) return sharing > 1 ? `one of your ${count(sharing)} ${most} ${noun}s` : `your ${most} ${noun}`;
    return place <= FAR ? `your ${ordinal(place)} ${most} ${noun}` : `number ${count(place)} of your ${count(of)} ${noun}s`;
  };
  const { percent } = tonearm;
  const artist = (row) => (row.artist_id ? link.artist(row) : row.artist ?? "an artist without a name");
  const daysBetween = (from, to) => Math.round((tonearm.dayOf(to) - tonearm.dayOf(from)) / 86_400_000);

  /* ---- Parts. */

  /** The top of a page: a picture (of a name, or of a name and the row that may have a cover), its colours washed behind the words, the name, and what there is to say. */
  const LONG_NAME = 40;
  const hero = (kind, name, pictures, ...words) => {
    const art = (one, size) => tonearm.cover(one.row, one.name ?? one, size);
    const wash = art(pictures[0], 400);
    wash.setAttribute("class", "wash");
    wash.setAttribute("preserveAspectRatio", "xMidYMid slice");
    const picture = h(pictures.length > 3 ? "div.picture.four" : "div.picture", {}, pictures.slice(0, pictures.length > 3 ? 4 : 1).map((one) => art(one, 240)));
    return h("div.hero", {}, wash, picture, h("div.words", {}, h("p.kind", {}, kind), h(name.length > LONG_NAME ? "h1.long" : "h1", { dir: "auto" }, name), ...words));
  };

  /** Steps through a list that is shown in pages, in the address as `?what=2`. */
  const pager = (at, what, list, words = ["Earlier", "Next"]) => {
    if (list.pages < 2) return null;
    const to = (page) => tonearm.to([at.page, ...at.parts], { ...Object.fromEntries(at.query), [what]: page > 1 ? page : null });
    const step = (page, text, rel) => (page < 1 || page > list.pages
      ? h("span.off", { "aria-hidden": "true" }, text)
      : h("a", { href: to(page), rel, id: `${what}-${rel}`, onclick: () => (focusNext = `${what}-${rel}`) }, text));
    const last = Math.min(list.n, list.first + list.rows.length - 1);
    keepFocus();
    return h("nav.pager", { "aria-label": `Pages of ${what}` },
      step(Math.min(list.page - 1, list.pages), `‹ ${words[0]}`, "prev"), h("span", {}, list.rows.length ? `${count(list.first)}–${count(last)} of ${count(list.n)}` : `none of ${count(list.n)}`), step(list.page + 1, `${words[1]} ›`, "next"));
  };
  let focusNext = null;
  /** Whoever turns a page with the keyboard stays at the button that turned it. */
  const keepFocus = () => {
    const id = focusNext;
    if (!id) return;
    focusNext = null;
    setTimeout(() => (document.getElementById(id) ?? document.getElementById(id.replace(/-(prev|next)$/, (side) => (side === "-next" ? "-prev" : "-next"))))?.focus({ preventScroll: true }), 0);
  };
  const pageOf = (query, what) => {
    const page = Number(query.get(what) ?? 1);
    return Number.isInteger(page) && page > 0 ? Math.min(page, 1_000_000) : 1;
  };

  /** What to show where the address leads to nothing that was heard; any other problem is thrown on. */
  const orNotHere = (what) => (error) => {
    if (error.status !== 404 && error.status !== 422) throw error;
    return [h("div.lead", {},
      h("h1", {}, "Not in this history"),
      h("p", {}, `${tonearm.listener || "Nobody"} has no play of ${what}. The link may be somebody else’s, or older than the newest import.`),
      h("p", {}, h("a", { href: "#/" }, "Home"), " · ", h("a", { href: tonearm.to("charts") }, "Charts")))];
  };

  const when = (row) => [link.day(row.at_local, tonearm.shortDate(row.at_local)), " ", link.session(row.started_at, tonearm.clock(row.at_local))];

  /* ---- Charts. */

  const utc = (day) => new Date(day.slice(0, 10) + "T00:00:00Z");
  /** Plays of each month, from the first to the end of the history, so that silence is seen, too. */
  const monthly = (doc) => {
    const rows = doc.months.map(([month, listens]) => ({ month, listens }));
    const [from, to] = [utc(rows[0].month), utc(doc.until)];
    return tonearm.chart("Plays each month", (Plot, width, colour) => Plot.plot({
      width, height: width < 500 ? 150 : 190, marginLeft: 34, marginRight: 14, marginTop: 24,
      x: { type: "utc", domain: [from, new Date(Math.max(to, +from + 200 * 86_400_000))], label: null, ticks: Math.max(3, Math.floor(width / 90)) },
      y: { label: null, grid: true, ticks: 3, tickFormat: (n) => (Number.isInteger(n) ? count(n) : "") },
      marks: [
        Plot.rectY(rows, {
          x: (row) => utc(row.month), interval: "month", y: "listens", insetLeft: 0.3, insetRight: 0.3, rx: width > 700 ? 1.5 : 0,
          fill: (row) => (row.month === doc.peak[0] ? colour("accent") : colour("heat-3")),
          title: (row) => `${tonearm.month(row.month)}: ${counted(row.listens, "play")}`, href: (row) => tonearm.to("charts", monthOf(row.month)), target: "_self",
        }),
        Plot.text([doc.peak], { x: ([month]) => +utc(month) + 15 * 86_400_000, y: (peak) => peak[1], text: ([month, n]) => `${tonearm.month(month)}: ${count(n)}`, dy: -9, fill: colour("ink"), fontWeight: 650,
          textAnchor: +utc(doc.peak[0]) - from < (to - from) * 0.12 ? "start" : to - utc(doc.peak[0]) < (to - from) * 0.12 ? "end" : "middle" }),
        Plot.ruleY([0], { stroke: colour("line") }),
      ],
    }), rows, [["month", (row) => row.month.slice(0, 7)], ["plays", (row) => row.listens]]);
  };
  const monthOf = (month) => ({ from: month, to: new Date(Date.UTC(month.slice(0, 4), Number(month.slice(5, 7)), 0)).toISOString().slice(0, 10) });

  const DENSE = 80;
  /** Every day with a play, a line for each year: a dot for each day, the larger the more; stripes where dots would
      run into each other. */
  const everyDay = (days) => {
    const [first, last] = [Number(days[0][0].slice(0, 4)), Number(days.at(-1)[0].slice(0, 4))];
    const years = Array.from({ length: last - first + 1 }, (_, i) => String(first + i));
    const most = Math.max(...days.map((day) => day[1]));
    const onLine = ([day]) => Date.UTC(2000, Number(day.slice(5, 7)) - 1, Number(day.slice(8, 10)));
    const isDense = days.length / years.length > DENSE;
    const about = { y: ([day]) => day.slice(0, 4), title: ([day, n]) => `${tonearm.date(day)}: ${counted(n, "play")}`, href: ([day]) => tonearm.to(["day", day]), target: "_self" };
    return tonearm.chart("Plays on each day, a line for each year", (Plot, width, colour) => {
      const narrow = width < 420;
      const dots = () => [
        Plot.ruleY(years, { stroke: colour("line") }),
        Plot.dot(days, { ...about, x: onLine, r: (day) => day[1], fill: colour("accent"), fillOpacity: 0.72 }),
      ];
      const stripes = () => [Plot.barX(days, { ...about, x1: onLine, x2: (day) => onLine(day) + 86_400_000, fill: (day) => day[1] })];
      return Plot.plot({
        width, height: years.length * (isDense ? 29 : 25) + 34, marginLeft: 38, marginRight: 10, marginTop: 24, marginBottom: 10,
        x: { type: "utc", domain: [Date.UTC(2000, 0, 1), Date.UTC(2001, 0, 1)], axis: "top", label: null, tickSize: 0, ticks: d3.range(0, 12, narrow ? 3 : 1).map((month) => Date.UTC(2000, month, 1)), tickFormat: (day) => new Intl.DateTimeFormat(undefined, { month: "short", timeZone: "UTC" }).format(day) },
        y: { type: isDense ? "band" : "point", domain: years, label: null, tickSize: 0, padding: isDense ? 0.25 : 0.5 },
        r: { type: "sqrt", domain: [0, Math.max(most, 4)], range: [1.5, narrow ? 7 : 9] },
        color: { type: "quantile", n: 5, range: [1, 2, 3, 4, 5].map((step) => colour("heat-" + step)) },
        marks: isDense ? stripes() : dots(),
      });
    }, days, [["day", (row) => row[0]], ["plays", (row) => row[1]]]);
  };

  const HALF_OF = 8;
  /** The shortest stretch of hours with half of the plays: "Half of the plays fall between 18:00 and 21:00." */
  const halfOf = (hours) => {
    const plays = Array(24).fill(0);
    hours.forEach((row) => (plays[row.hour] = row.listens));
    const all = plays.reduce((sum, n) => sum + n, 0);
    if (all < HALF_OF) return null;
    const within = (from, n) => Array.from({ length: n }, (_, i) => plays[(from + i) % 24]).reduce((sum, one) => sum + one, 0);
    for (let n = 1; n < 24; n++) {
      const from = plays.map((_, hour) => hour).reduce((best, hour) => (within(hour, n) > within(best, n) ? hour : best), 0);
      if (within(from, n) * 2 >= all) return `Half of the plays fall between ${tonearm.hour(from)} and ${tonearm.hour(from + n)}.`;
    }
    return null;
  };

  /** Plays by the hour, as bars; how everything that is played lies, as a line behind them. */
  const clock = (hours, usual = "everything you play") => {
    const [own, all] = [hours.reduce((sum, row) => sum + row.listens, 0), hours.reduce((sum, row) => sum + row.of, 0)];
    const rows = Array.from({ length: 24 }, (_, hour) => hours.find((row) => row.hour === hour) ?? { hour, listens: 0, of: 0 });
    return tonearm.chart("Plays by hour of the day", (Plot, width, colour) => Plot.plot({
      width, height: 210, marginLeft: 22, marginRight: 22, marginTop: 20, marginBottom: 26,
      x: { type: "linear", domain: [0, 24], label: null, ticks: [0, 6, 12, 18, 24], tickSize: 0, tickFormat: (hour) => tonearm.hour(hour) },
      y: { axis: null },
      marks: [
        Plot.rectY(rows, { x1: "hour", x2: (row) => row.hour + 1, y: (row) => row.listens / own, inset: 1, rx: 2, fill: colour("accent"), title: (row) => `${tonearm.hour(row.hour)}: ${counted(row.listens, "play")}` }),
        Plot.lineY(rows, { x: (row) => row.hour + 0.5, y: (row) => row.of / all, stroke: colour("second"), strokeWidth: 2, strokeDasharray: "3 3", curve: "catmull-rom" }),
        Plot.text([usual], { frameAnchor: "top-right", dy: -14, text: (text) => `- - ${text}`, fill: colour("second") }),
        Plot.ruleY([0], { stroke: colour("line") }),
      ],
    }), rows, [["hour", (row) => row.hour], ["plays", (row) => row.listens], ["all plays", (row) => row.of]]);
  };

  /* ---- Sentences about a thing. */

  const NOUN = { artist: "artist", album: "album", track: "track", genre: "genre" };
  const sentence = (doc) => {
    const it = doc.kind === "artist" ? "them" : "it";
    const { listens } = doc.totals;
    if (listens === 1) return ["Played once, on ", link.day(doc.first.at_local), "."];
    const isClear = doc.months.filter(([, n]) => n === doc.peak[1]).length === 1;
    const most = doc.months.length > 1 && isClear ? ` You heard ${it} most in ${tonearm.month(doc.peak[0])}.` : "";
    return `${counted(listens, "play")} since ${tonearm.month(doc.first.at_local)}; ${ranked(doc.rank, NOUN[doc.kind])}.${most}`;
  };

  const LONG_BREAK_D = 365;
  const story = (doc) => {
    const it = doc.kind === "artist" ? "them" : "it";
    const silent = daysBetween(doc.last.at_local, doc.until);
    const pause = doc.longest_break;
    return h("p.soft", {},
      doc.kind !== "track" && doc.totals.listens > 1 && ["It began with ", link.track(doc.first), doc.kind === "genre" ? [" by ", artist(doc.first)] : null, ". "],
      pause && pause.days > LONG_BREAK_D && ["You went ", tonearm.span(pause.days), ` without ${it}, until `, link.day(pause.until), ". "],
      doc.best_day[1] > 2 && doc.days.length > 1 && ["The most in a day: ", counted(doc.best_day[1], "play"), ", on ", link.day(doc.best_day[0]), ". "],
      silent > LONG_BREAK_D && `Not once in the last ${tonearm.span(silent)} of this history.`);
  };

  const numbers = (doc) => h("div.figures", {},
    figure(link.day(doc.first.at_local, tonearm.shortDate(doc.first.at_local)), "first play"),
    doc.totals.listens > 1 && figure(link.day(doc.last.at_local, tonearm.shortDate(doc.last.at_local)), "last play"),
    doc.totals.days > 1 && figure(count(doc.totals.days), "days"),
    doc.kind !== "track" && doc.totals.tracks > 1 && figure(count(doc.totals.tracks), "tracks"),
    doc.totals.timed_listens > 0 && doc.totals.heard_s >= 60 && figure(tonearm.duration(doc.totals.heard_s), doc.totals.timed_listens < doc.totals.listens ? `in ${counted(doc.totals.timed_listens, "timed play")}` : "listened"),
    figure(percent(doc.totals.listens / doc.totals.of_listens), "of all you play"));

  const MOODS = { Happy_Energetic: "happy and energetic", Happy_Calm: "happy and calm", Sad_Energetic: "dark and energetic", Sad_Calm: "sad and calm", Neutral: "in between all moods" };
  const [MIN_MEASURED, MIN_SHARE] = [3, 0.2];
  const CLEAR = 0.07;
  const against = (own, usual, more, less) => (own - usual > CLEAR ? more : usual - own > CLEAR ? less : null);
  /** How it sounds, where that was measured: one quiet line, with meters. */
  const sound = (doc) => {
    const { sound: own } = doc;
    if (!own || (doc.kind !== "track" && (own.tracks < MIN_MEASURED || own.listens < MIN_SHARE * doc.totals.listens))) return null;
    const than = [against(own.energy, own.usual.energy, "more energetic", "calmer"), against(own.valence, own.usual.valence, "brighter", "darker")].filter(Boolean);
    const of = doc.kind === "track" ? null : `Measured for ${count(own.tracks)} of ${counted(doc.totals.tracks, "track")}.`;
    const meter = (name, value) => h("div.level", {}, h("span", {}, name), h("span.track", { "aria-hidden": "true" }, h("i", { style: { width: `${100 * value}%` } })), h("b", {}, `${Math.round(100 * value)}`));
    return section("How it sounds",
      h("p", {}, doc.kind === "track" && own.mood ? `It sounds ${MOODS[own.mood]}` : "It sounds", than.length ? `${doc.kind === "track" && own.mood ? ", " : " "}${than.join(" and ")} than most of what you play.` : doc.kind === "track" && own.mood ? "." : " much like the rest of what you play."),
      h("div.levels", {}, meter("Energy", own.energy), own.valence != null && meter("Brightness", own.valence), own.danceability != null && meter("For dancing", own.danceability),
        own.tempo != null && h("div.level", {}, h("span", {}, "Tempo"), h("span", {}), h("b", {}, `${Math.round(own.tempo)} bpm`))),
      of && tonearm.quiet(of));
  };

  const neighbours = (doc) => {
    const rows = doc.neighbours;
    const it = { artist: doc.artist, album: doc.album, track: doc.track, genre: doc.genre }[doc.kind];
    if (!rows.length) return doc.totals.sessions < 3 ? null : section("In the same sessions", tonearm.quiet("No artist shares its sessions more often than chance would have it."));
    return section("In the same sessions",
      h("ul.tiles", {}, rows.map((row) => h("li", {},
        h("a", { href: tonearm.to(["artist", row.artist_id]), tabindex: -1, "aria-hidden": "true" }, tonearm.sleeve(row.artist, 160)),
        h("span.names", {}, h("span.name", {}, link.artist(row)), h("span.soft", {}, `together ${counted(row.sessions, "time")}`))))),
      tonearm.question("How sure are we?",
        h("p", {}, "These artists are in sessions with ", h("bdi", {}, it ?? "it"), ` more often than chance would put them there, given how much of each year’s listening lies in such sessions. Those are shown for whom chance alone would do that less than once in a thousand, of ${counted(doc.totals.sessions, "session")}.`),
        tonearm.table(rows, [["artist", (row) => row.artist], ["sessions together", (row) => row.sessions], ["expected by chance", (row) => row.expected.toFixed(1)]])));
  };

  const beside = (title, rows, kind) => section(title, rows.length
    ? tonearm.ranking(kind, rows)
    : tonearm.quiet("Nothing was there more than once."));
  const besides = (doc) => {
    if (!doc.before.length && !doc.after.length) return null;
    const kind = doc.kind === "track" ? "tracks" : "artists";
    return h("div.columns", {}, beside("Heard right before", doc.before, kind), beside("Heard right after", doc.after, kind));
  };

  const TITLES = { tracks: "Tracks", albums: "Albums", artists: "Artists" };
  /** The artist of the page is named once, and the one artist of an album is no list. */
  const ranking = (at, what, list, doc) => {
    if (list.n <= (doc.kind === "album" && what === "artists" ? 1 : 0)) return null;
    const rows = list.rows.map((row) => ({ ...row, isOwn: doc.artist_id != null && (row.album_artist_id ?? row.artist_id) === doc.artist_id }));
    return section(TITLES[what], tonearm.ranking(what, rows, list.first), pager(at, what, list, ["Back", "More"]));
  };

  const beneath = { artist: (row) => (row.album ? link.album(row) : null) };
  const times = (rows) => h("ol.times", {}, rows.map((row) => h("li", {}, when(row))));
  const plays = (at, doc, list = doc.plays) => section("Every play",
    doc.totals.tracks === 1 ? times(list.rows) : h("div.two", {}, tonearm.listens(list.rows, when, beneath[at.page])), pager(at, "plays", list, ["Newer", "Older"]));

  const years = (doc) => (doc.totals.days < 2 ? null : [
    doc.months.length > 1 && section("Over the years", monthly(doc)),
    h("div.columns", {},
      section("Every day", everyDay(doc.days)),
      section("Through the day", halfOf(doc.hours) && h("p.soft", {}, halfOf(doc.hours)), clock(doc.hours)))]);

  /** A page of one kind: `subject` is what its document asks for, `lists` are shown in pages. */
  const page = (kind, subject, lists, pictures, top) => ({
    title: kind[0].toUpperCase() + kind.slice(1),
    draw: async (at) => {
      const about = subject(at.parts);
      const doc = await tonearm.document(kind, about, { signal: at.signal }).catch(orNotHere(`this ${kind}`));
      if (Array.isArray(doc)) return doc;
      await Promise.all([...lists, "plays"].map(async (what) => {
        const number = pageOf(at.query, what);
        if (number > 1) doc[what] = await tonearm.document(`listed/${what}`, { ...about, page: number }, { signal: at.signal });
      }));
      const rankings = lists.map((what) => ranking(at, what, doc[what], doc)).filter(Boolean);
      return [
        hero(kind, doc[kind] ?? `${NOUN[kind]} without a name`, pictures(doc), top?.(doc), h("p.sentence", {}, sentence(doc)), story(doc), numbers(doc),
          tonearm.shareButton(() => tonearm.pictureOf(kind, doc, pictures(doc)[0], ranked(doc.rank, NOUN[kind])))),
        years(doc),
        rankings.length > 0 && h("div.columns", {}, rankings),
        neighbours(doc),
        besides(doc),
        sound(doc),
        plays(at, doc),
      ];
    },
  });

  const by = (doc) => h("p.by-whom", {}, "by ", artist(doc));
  tonearm.pages.artist = page("artist", ([artist_id]) => ({ artist_id }), ["tracks", "albums"], (doc) => [doc.artist]);
  tonearm.pages.album = page("album", ([artist_id, album]) => ({ artist_id, album }), ["tracks", "artists"], (doc) => [{ name: tonearm.sleeveOf("albums", doc), row: doc }],
    (doc) => [by(doc), doc.spellings.length > 0 && h("p.soft", {}, "also heard as ", doc.spellings.map((name, i) => [i ? ", " : "", h("bdi", {}, name)]))]);
  tonearm.pages.track = page("track", ([track_id]) => ({ track_id }), ["albums"], (doc) => [{ name: tonearm.sleeveOf("tracks", doc), row: doc }],
    (doc) => [by(doc), (doc.album || doc.genre || doc.duration_s) && h("p.soft", {}, [
      doc.album && ["from ", link.album(doc)], doc.genre && link.genre(doc.genre), doc.duration_s && `${Math.floor(Math.round(doc.duration_s) / 60)}:${String(Math.round(doc.duration_s) % 60).padStart(2, "0")}`,
    ].filter(Boolean).map((part, i) => [i ? " · " : "", part]))]);
  tonearm.pages.genre = page("genre", ([genre]) => ({ genre }), ["artists", "tracks"], (doc) => doc.artists.rows.slice(0, 4).map((row) => row.artist),
    (doc) => doc.with_genre < 0.8 * doc.totals.of_listens && tonearm.quiet(`The genre of ${count(doc.with_genre)} of ${counted(doc.totals.of_listens, "play")} is known; this counts those.`));

  tonearm.things = { hero, pager, pageOf, orNotHere, ranked, clock, halfOf, artist };
})();
