"use strict";
/* The pages of a day and of a session: plays in the order in which they were heard. */
(() => {
  const { h, count, counted, capital, link, section, figure, amount } = tonearm;
  const { hero, pager, pageOf, orNotHere, ranked, clock, artist } = tonearm.things;

  const PARTS = ["night", "morning", "afternoon", "evening"];
  const partOf = (at) => PARTS[Math.floor(Number(at.slice(11, 13)) / 6)];
  const minutes = (min) => (min >= 48 * 60 ? counted(Math.round(min / 1440), "day") : tonearm.duration(60 * min));

  const picturesOf = (doc, none) => (doc.artists.length ? doc.artists.map((row) => row.artist ?? "?") : [none]);
  const NEW = { artist: "first time", track: "new track" };
  const badge = (row) => row.new && h(`span.new.${row.new}`, { title: row.new === "artist" ? "The first play ever of this artist" : "The first play ever of this track" }, NEW[row.new]);
  const list = (rows) => tonearm.listens(rows, (row) => [badge(row), " ", h("time", { datetime: row.started_at }, tonearm.clock(row.at_local))]);

  const mostOf = (doc) => doc.artists[0] && doc.totals.artists > 1 && doc.artists[0].listens > 1 && ["; most of ", artist(doc.artists[0]), ` (${count(doc.artists[0].listens)})`];
  const steps = (label, before, after) => h("nav.pager.steps", { "aria-label": label },
    before ?? h("span.off", {}, "‹ nothing before"), after ?? h("span.off", {}, "nothing after ›"));

  const played = (doc) => section("Played most", tonearm.ranking("artists", doc.artists));

  /* ---- A day. */

  const newOn = (doc) => doc.new_artists.length > 0 && section("Heard for the first time",
    h("ul.line", {}, doc.new_artists.map((row) => h("li", {}, link.artist(row), h("span.soft", {}, row.listens > 1 ? `${counted(row.listens, "play")} to ${tonearm.month(row.last_day)}` : "and never again")))),
    doc.totals.new_artists > doc.new_artists.length && tonearm.quiet(`and ${counted(doc.totals.new_artists - doc.new_artists.length, "other artist")}.`));

  const otherYears = (doc) => section(`Other years on ${tonearm.dayAndMonth(doc.day)}`, doc.other_years.length
    ? h("ul.line", {}, doc.other_years.map((row) => h("li", {}, h("b", {}, link.day(row.day, String(row.year))), h("span", {}, counted(row.listens, "play"), ", most of ", artist(row)))))
    : tonearm.quiet("Nothing was played on this day in any other year."));

  const sessions = (doc) => {
    const groups = new Map();
    for (const row of doc.plays.rows) groups.set(row.session_at, [...(groups.get(row.session_at) ?? []), row]);
    return doc.sessions.filter((one) => groups.has(one.session_at)).map((one) => {
      const [from, to] = [tonearm.clock(one.first_at), tonearm.clock(one.last_at)];
      return [
        one.gap_min != null && h("p.gap", {}, `${minutes(one.gap_min)} of silence`),
        h("section.sitting", {},
          h("h3", {}, link.session(one.session_at, from === to ? from : `${from} – ${to}`), h("span.soft", {}, ` ${counted(one.listens, "play")}`, one.is_going_on ? ", since the day before" : "")),
          list(groups.get(one.session_at))),
      ];
    });
  };

  const daySentence = (doc) => [
    counted(doc.totals.listens, "play"), doc.sessions.length > 1 ? ` in ${counted(doc.sessions.length, "session")}` : "", `, ${counted(doc.totals.artists, "artist")}`, mostOf(doc), ".",
    doc.rank.place <= 100 ? ` ${capital(ranked(doc.rank, "day", "busiest"))}.` : "",
  ];

  tonearm.pages.day = {
    title: "Day",
    draw: async (at) => {
      const page = pageOf(at.query, "plays");
      const doc = await tonearm.document("day", { day: at.parts[0], page }, { signal: at.signal }).catch(orNotHere("this day"));
      if (Array.isArray(doc)) return doc;
      const { totals } = doc;
      const nav = steps("Days before and after", doc.before && h("a", { href: tonearm.to(["day", doc.before]), rel: "prev" }, `‹ ${tonearm.shortDate(doc.before)}`), doc.after && h("a", { href: tonearm.to(["day", doc.after]), rel: "next" }, `${tonearm.shortDate(doc.after)} ›`));
      if (!totals.listens) return [h("div.lead", {}, h("h1", {}, tonearm.fullDate(doc.day)), h("p", {}, "Nothing was played on this day.")), nav, otherYears(doc)];
      return [
        hero("day", tonearm.fullDate(doc.day), picturesOf(doc), h("p.sentence", {}, daySentence(doc)),
          h("div.figures", {},
            figure(tonearm.clock(doc.sessions[0].first_at), "first play"), figure(tonearm.clock(doc.sessions.at(-1).last_at), "last play"), amount(totals.tracks, "track"),
            totals.timed_listens > 0 && totals.heard_s >= 60 && figure(tonearm.duration(totals.heard_s), "listened"),
            totals.new_artists > 0 && amount(totals.new_artists, "new artist"), totals.new_tracks > 0 && amount(totals.new_tracks, "new track"))),
        nav,
        h("div.beside", {},
          section("In order", sessions(doc), pager(at, "plays", doc.plays, ["Earlier", "Later"])),
          h("div.aside", {}, played(doc), newOn(doc), totals.listens > 5 && section("Through the day", clock(doc.hours, "a usual day")), otherYears(doc))),
      ];
    },
  };

  /* ---- A session. */

  const neighbour = (one, side) => one && h("a", { href: tonearm.to(["session", one.session_at.replace("+00:00", "Z")]), rel: side }, side === "prev" ? "‹ " : "", `${tonearm.shortDate(one.at_local)}, ${counted(one.listens, "play")}`, side === "next" ? " ›" : "", h("small", {}, `${minutes(one.gap_min)} ${side === "prev" ? "before" : "later"}`));

  tonearm.pages.session = {
    title: "Session",
    draw: async (at) => {
      const page = pageOf(at.query, "plays");
      const doc = await tonearm.document("session", { at: at.parts[0], page }, { signal: at.signal }).catch(orNotHere("this session"));
      if (Array.isArray(doc)) return doc;
      const { totals } = doc;
      const name = `${tonearm.weekday(totals.first_at_local)} ${partOf(totals.first_at_local)}, ${tonearm.date(totals.first_at_local)}`;
      const [from, to] = [tonearm.clock(totals.first_at_local), tonearm.clock(totals.last_at_local)];
      return [
        hero("session", name, picturesOf(doc, name),
          h("p.sentence", {}, `${counted(totals.listens, "play")}${totals.span_min ? ` in ${minutes(totals.span_min)}` : ""}, ${counted(totals.artists, "artist")}`, mostOf(doc), ".", doc.rank.place <= 100 ? ` ${capital(ranked(doc.rank, "session", "longest"))}.` : ""),
          h("div.figures", {},
            figure(link.day(totals.first_at_local, from === to ? from : `${from} – ${to}`), "from the first play to the last"), amount(totals.tracks, "track"),
            totals.timed_listens > 0 && totals.heard_s >= 60 && figure(tonearm.duration(totals.heard_s), "listened"),
            totals.new_artists > 0 && amount(totals.new_artists, "new artist"))),
        steps("Sessions before and after", neighbour(doc.before, "prev"), neighbour(doc.after, "next")),
        h("div.beside", {},
          section("In order", list(doc.plays.rows), pager(at, "plays", doc.plays, ["Earlier", "Later"])),
          h("div.aside", {}, played(doc))),
      ];
    },
  };
})();
