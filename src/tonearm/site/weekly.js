"use strict";
/* The card of a week: how much, who, and what stood out, if the test behind it allows a highlight. */
(() => {
  const { h, count, counted, percent, link, card, question, quiet } = tonearm;

  /** The highlight as one plain sentence, without links. */
  tonearm.highlightInWords = ({ artist, listens, expected, is_new: isNew }) => (isNew
    ? `${artist} was new, and you played them ${counted(listens, "time")}.`
    : `${artist}: ${counted(listens, "play")}, where your usual would be ${expected < 1 ? "hardly one" : `about ${count(Math.round(expected))}`}.`);

  const linked = (found) => {
    const [, rest] = tonearm.highlightInWords({ ...found, artist: "\u0000" }).split("\u0000");
    return [link.artist(found), rest];
  };

  const WHY_NOT = {
    no_plays: "Nothing was played in this week.",
    too_new: "It takes four weeks of plays before a week to see what is unusual about it.",
    nothing_unusual: "No artist stood out from your weeks before it.",
  };

  const howSure = (week) => question("How sure are we?",
    week.highlight
      ? h("p", {}, `If any ${week.days.length} of these days and the ${counted(week.days_compared, "day")} before could have been this week’s, some artist would stand out as much in ${percent(week.highlight.p_days)} of cases; were single plays dealt out by chance, in at most ${percent(week.highlight.p_plays)}. Both are counted over all ${counted(week.highlight.artists_compared, "artist")} compared, and both must be below 5 %.`)
      : h("p", {}, `The week is compared with up to 182 days before it (here ${count(week.days_compared)}). An artist is named only if chance would make any artist stand out as much in fewer than 5 weeks of 100.`));

  /** Seven bars, Monday to Sunday. */
  const bars = (days) => {
    const most = Math.max(1, ...days);
    const name = (day) => tonearm.weekday(tonearm.dayOfWeek(day));
    return h("ol.week", { role: "list", "aria-label": "Plays on each day" }, Array.from({ length: 7 }, (_, day) =>
      h("li", { title: days[day] == null ? null : `${name(day)}: ${counted(days[day], "play")}` }, h("i", { style: { height: `${(100 * (days[day] ?? 0)) / most}%` } }), h("span.unseen", {}, `${name(day)}: `, days[day] == null ? "not yet" : counted(days[day], "play")))));
  };

  /** The card for a document `weekly`; it has a heading, and links to the week's Rewind. */
  tonearm.weeklyCard = (week) => card(`Week ${Number(week.week.slice(6))}, ${tonearm.dayAndMonth(week.first)} – ${(week.has_ended ? tonearm.date : tonearm.dayAndMonth)(week.last)}`,
    h("div", {}, h("a.big", { href: tonearm.to(["rewind", week.week]) }, counted(week.listens, "play")), " ",
      week.usual >= 1 && week.listens > 0 && h("span.soft", {}, `usually ${count(Math.round(week.usual))}`)),
    week.listens > 0 && bars(week.days),
    week.highlight ? h("p.highlight", {}, linked(week.highlight)) : quiet(WHY_NOT[week.why_not]),
    week.listens > 0 && howSure(week));
})();
