"use strict";
/* Plays that several records report. */
(() => {
  const { h, api, count, counted, quiet, question } = tonearm;
  const { pages, sourceName, state, when } = tonearm.library;

  const WHY = {
    source: "the same play, reported by another source", credits: "the same play under other artists", end: "one source dates the end, the other the start",
    edited: "exported again after its names were edited", repeat: "sent again sooner than it could be heard",
  };
  const KINDS = { source: "Several sources", credits: "Other artists", end: "Start and end", edited: "Edited", repeat: "Sent twice" };

  async function merges({ query, signal }) {
    const kind = query.get("kind") in KINDS ? query.get("kind") : null;
    const first = Math.max(0, Math.floor(Number(query.get("from"))) || 0);
    if (!tonearm.listener) return [quiet("There is no history yet.")];
    const asked = new URLSearchParams({ listener: tonearm.listener, limit: 25, offset: first, ...(kind && { kind }) });
    const found = await api(`merges?${asked}`, { signal });
    const at = ["library", "merges"];
    const every = Object.keys(found.kinds);
    if (!every.length) return [quiet("No play was reported twice. When two sources report the same play, tonearm counts it once and lists it here.")];
    return [
      h("p.soft", {}, `A play that several records report counts once. ${counted(found.total, "play")} ${kind ? "of this kind" : "in all"}.`),
      tonearm.choices("Why", [["All", tonearm.to(at), !kind], ...every.map((one) => [`${KINDS[one]} ${count(found.kinds[one])}`, tonearm.to(at, { kind: one }), one === kind])]),
      h("ol.merged", {}, found.plays.map((play) => h("li", {}, h("b", {}, `${play.records[0].artist} – ${play.records[0].track}`),
        h("ul.plain", {}, play.records.map((record) => h("li", {},
          h("span", {}, sourceName(record.source), record.kind == null && state("good", "counts")),
          h("span.soft", {}, when(record.started_at), record.apart_s ? ` · ${count(Math.abs(Math.round(record.apart_s)))} s ${record.apart_s > 0 ? "later" : "earlier"}` : ""),
          record.kind && h("span.soft", {}, WHY[record.kind]), differs(record, play.records[0]) && h("span", {}, `${record.artist} – ${record.track}`))))))),
      pages(at, first, 25, found.total, { kind }),
      question("What if two plays were taken for one?", h("p", {}, "Records are one play only if they start within seconds of each other, or within what a scrobbler's clock and pauses explain. Two reports from one source within 10 seconds count once; the setting ", h("code", {}, "merge_repeats = false"), " counts each.")),
    ];
  }
  const differs = (one, other) => one.artist !== other.artist || one.track !== other.track;

  Object.assign(tonearm.library, { merges });
})();
