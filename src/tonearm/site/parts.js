"use strict";
/* Parts that pages share: sections, ranked lists, rows of listens, questions, empty states. */
(() => {
  const { h, count, counted, link } = tonearm;

  /** A titled part of a page; `more` is a link to where there is more of it. */
  tonearm.section = (title, ...children) => h("section.part", {}, h("h2", {}, title), ...children);

  tonearm.cards = (...children) => h("div.cards", {}, ...children);
  tonearm.card = (title, ...children) => h("section.card", {}, h("h2", {}, title), ...children);

  /** A number with what it counts beneath. */
  tonearm.figure = (value, label, more) => h("div.figure", {}, h("b", {}, value), h("span", {}, label), more && h("small", {}, more));

  /** How many of something as a figure: "1 track", "3 tracks". */
  tonearm.amount = (n, one, more) => tonearm.figure(count(n), n === 1 ? one : `${one}s`, more);

  /** The change from `before` to `now`, in words and with an arrow; null without anything before. */
  tonearm.change = (now, before) => {
    if (!before) return null;
    const more = Math.round((100 * (now - before)) / before) / 100;
    if (more === 0) return h("span.change", {}, "as much as before");
    return h(more > 0 ? "span.change.up" : "span.change.down", {}, h("span", { "aria-hidden": "true" }, more > 0 ? "▲ " : "▼ "), `${tonearm.percent(Math.abs(more), 0)} ${more > 0 ? "more" : "less"}`);
  };

  /** Ranked rows with sleeves and bars: of artists, albums, tracks or genres. Bars are against `most`, the most plays
      of all. A row may have a `rank` of its own, which equal rows share, a `movement`, and a `share` in words; one that
      `isOwn` is the artist's whose page it is. */
  tonearm.ranking = (kind, rows, first = 1, most = Math.max(1, ...rows.map((row) => row.listens))) => {
    const name = { artists: (row) => link.artist(row), albums: (row) => link.album(row), tracks: (row) => link.track(row), genres: (row) => link.genre(row.genre) }[kind];
    // Some browsers take a list without its marks for none unless its role is given.
    return h("ol.ranking", { role: "list", start: first, style: { "counter-reset": `rank ${first - 1}` } }, rows.map((row) =>
      h("li", { style: row.rank ? { "counter-set": `rank ${row.rank}` } : {} },
        tonearm.cover(row, sleeveOf(kind, row), 44),
        h("span.names", {}, h("span.name", {}, name(row), row.movement ?? null), !row.isOwn && (kind === "albums" || kind === "tracks") ? h("span.by", {}, link.artist(row)) : null),
        h("span.bar", { "aria-hidden": "true" }, h("i", { style: { width: `${(100 * row.listens) / most}%` } })),
        h("span.n", { title: counted(row.listens, "listen") }, count(row.listens), h("span.unseen", {}, row.listens === 1 ? " play" : " plays"), row.share ? h("small", {}, row.share) : null),
      )));
  };

  const sleeveOf = (kind, row) => (kind === "genres" ? row.genre : kind === "artists" ? row.artist : `${row.artist}/${row.album ?? row.track}`);
  tonearm.sleeveOf = sleeveOf;

  /** Listens in a row: what, by whom (or what else is beneath it), when. */
  tonearm.listens = (rows, when, beneath = (row) => (row.artist_id ? link.artist(row) : row.artist)) => h("ol.listens", { role: "list" }, rows.map((row) =>
    h("li", {},
      tonearm.cover(row, sleeveOf("tracks", row), 40),
      h("span.names", {}, h("span.name", {}, row.track_id ? link.track(row) : row.track), h("span.by", {}, beneath(row))),
      h("span.when", {}, when(row)),
    )));

  /** What is behind an answer, folded away until somebody asks. */
  tonearm.question = (question, ...children) => h("details.question", {}, h("summary", {}, question), ...children);

  /** One quiet line for what cannot be shown, with what would help. */
  tonearm.quiet = (...children) => h("p.quiet", {}, ...children);

  /** What a document says of a history that has ended: when, and what was played after that. */
  tonearm.ended = ({ as_of: asOf, stray }) => {
    if (!stray) return ["This history ended on ", link.day(asOf)];
    const when = stray.first_day === stray.last_day ? [" on ", link.day(stray.first_day)] : [" from ", link.day(stray.first_day), " to ", link.day(stray.last_day)];
    return [`Apart from ${counted(stray.listens, "play")}`, when, ", this history ended on ", link.day(asOf)];
  };

  /** Choices that are links, of which one is current: [[text, href, isCurrent], …]. */
  tonearm.choices = (label, choices) => h("nav.choices", { "aria-label": label }, choices.map(([text, href, isCurrent]) =>
    h("a", { href, "aria-current": isCurrent ? "true" : null }, text)));
})();
