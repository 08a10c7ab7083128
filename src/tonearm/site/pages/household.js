"use strict";
/* Two listeners side by side. Only for who may see everybody: the API refuses a token of one listener. */
(() => {
  const { h, count, counted, percent, link, section, quiet } = tonearm;
  const S = "http://www.w3.org/2000/svg";

  /** How alike two are, beside how alike each is to their own past: [at least, words]. */
  const WORDS = [[0.75, "nearly one taste"], [0.4, "a lot in common"], [0.15, "a little in common"], [0, "two different worlds"]];
  const inWords = (alike, self) => {
    const own = self.filter((one) => one != null);
    const most = own.length ? own.reduce((sum, one) => sum + one, 0) / own.length : 1;
    return WORDS.find(([least]) => alike / (most || 1) >= least)[1];
  };

  const outOf100 = (share) => (share > 0 && share < 0.005 ? "fewer than 1" : count(Math.round(100 * share)));

  const pairs = (names, shown) => {
    const all = names.flatMap((one, i) => names.slice(i + 1).map((other) => [one, other]));
    return all.length > 1 && tonearm.choices("Which two", all.map(([one, other]) =>
      [`${one} and ${other}`, tonearm.to(["household", one, other]), shown.includes(one) && shown.includes(other)]));
  };

  /** How far apart the middles of two circles are whose shared area is `shared`; areas and radii in the same unit. */
  const distance = (one, other, shared) => {
    const lens = (d) => {
      if (d <= Math.abs(one - other)) return Math.PI * Math.min(one, other) ** 2;
      const part = (r, s) => r * r * Math.acos((d * d + r * r - s * s) / (2 * d * r));
      return part(one, other) + part(other, one) - 0.5 * Math.sqrt((one + other - d) * (d + one - other) * (d - one + other) * (d + one + other));
    };
    let [near, far] = [Math.abs(one - other), one + other];
    for (let i = 0; i < 40; i++) {
      const middle = (near + far) / 2;
      if (lens(middle) > shared) near = middle; else far = middle;
    }
    return far;
  };

  /** Two circles as large as each one's number of artists, overlapping by what they share. */
  const circles = (who, shared) => {
    const [r, s] = who.map((one) => Math.sqrt(Math.max(1, one.artists) / Math.PI));
    const d = distance(r, s, shared);
    const [left, right, high] = [Math.min(-r, d - s), Math.max(r, d + s), Math.max(r, s)];
    const wide = right - left;
    const unit = wide / 400;
    const made = (kind, attributes, text) => {
      const one = document.createElementNS(S, kind);
      for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
      if (text) one.textContent = text;
      return one;
    };
    const picture = made("svg", { viewBox: [left - 4 * unit, -high - 4 * unit, wide + 8 * unit, 2 * high + 8 * unit].join(" "), role: "img",
      "aria-label": `${who[0].listener}: ${counted(who[0].artists, "artist")}; ${who[1].listener}: ${counted(who[1].artists, "artist")}; both: ${count(shared)}` });
    picture.append(made("circle", { cx: 0, cy: 0, r, class: "first" }), made("circle", { cx: d, cy: 0, r: s, class: "second" }));
    const key = who.map((one, i) => h("li", {}, h(i ? "i.dot.second" : "i.dot.first", { "aria-hidden": "true" }), h("b", {}, one.listener), ` ${counted(one.artists, "artist")} in ${counted(one.listens, "play")}`));
    return h("div.overlap", {}, picture, h("ul", {}, key, h("li", {}, h("i.dot.both", { "aria-hidden": "true" }), h("b", {}, "Both"), ` ${counted(shared, "artist")}`)));
  };

  const sure = (found) => {
    const [one, other] = found.listeners;
    const [mine, yours] = found.alike_self;
    const self = mine != null && yours != null && ` For comparison, the first half of ${one.listener}’s own history and the second have ${outOf100(mine)} in common, and of ${other.listener}’s ${outOf100(yours)}: even one person changes that much.`;
    return tonearm.question("How alike exactly?",
      h("p", {}, `Of every 100 plays, ${outOf100(found.alike)} are of the same artists.`, self),
      h("p.soft", {}, "For each artist the smaller of your two shares of plays is taken, and all of them added up: 0 means no artist in common, 100 the same artists equally often. The words above compare that with each one’s own two halves: ",
        "from 75 % of it “nearly one taste”, from 40 % “a lot in common”, from 15 % “a little in common”. It knows nothing of how the music sounds."));
  };

  const together = (found, name) => {
    const most = Math.max(...found.artists.flatMap((row) => row.listens.map((n, i) => n / found.listeners[i].listens)));
    const side = (row, i) => h(i ? "span.side.second" : "span.side.first", {},
      h("i", { "aria-hidden": "true", style: { width: `${(100 * row.listens[i]) / found.listeners[i].listens / most}%` } }),
      h("span", {}, h("span.unseen", {}, `${found.listeners[i].listener}: `), count(row.listens[i])));
    return section("Artists you both play",
      h("p.soft", {}, `Plays by ${found.listeners[0].listener} to the left, by ${found.listeners[1].listener} to the right; the bars compare shares of all plays.`),
      h("ol.sides", {}, found.artists.map((row) => h("li", {}, side(row, 0), h("span.name", {}, name(row)), side(row, 1)))));
  };

  const first = (found, name) => {
    const { found_first: settled } = found;
    const who = found.listeners.map((one) => one.listener);
    if (!settled.since) return section("Who found it first", quiet("One history ended before the other had begun, so nobody can know who was first."));
    if (!settled.counted) return section("Who found it first", quiet("No artist that you both know was new to either of you since both histories began."));
    const [winner, loser] = settled.first[0] >= settled.first[1] ? [0, 1] : [1, 0];
    const sentence = settled.first[0] === settled.first[1]
      ? `Even: ${counted(settled.first[0], "artist")} each.`
      : `${who[winner]} was first with ${count(settled.first[winner])}, ${who[loser]} with ${count(settled.first[loser])}.`;
    const row = (one) => h("li", {}, tonearm.sleeve(one.artist ?? "", 40),
      h("span.names", {}, h("span.name", {}, name(one)), h("span.by", {}, one.finder == null ? "both on the same day" : [h("b", {}, who[one.finder]), `, ${tonearm.span(one.days)} before ${who[1 - one.finder]}`])),
      h("span.when", {}, tonearm.month(one.first_days[one.finder ?? 0])));
    return section("Who found it first",
      h("p", {}, sentence, settled.median_days != null && ` The other one usually followed after ${tonearm.span(settled.median_days)}.`),
      h("ol.listens", {}, settled.artists.map(row)),
      tonearm.question("How sure are we?", h("p.soft", {},
        `This counts ${counted(settled.counted, "artist")} whom both of you played at least five times and neither before ${tonearm.date(settled.since)}, when both histories had gone on for three months. `,
        settled.unknown > 0 && `With ${count(settled.unknown)} more one of you was there before, so who was first is not known. `,
        "Only plays that reached tonearm are counted.")));
  };

  const reason = (row, who) => (row.turn == null
    ? `both: ${who[0]} ${count(row.listens[0])}, ${who[1]} ${counted(row.listens[1], "play")}`
    : row.listens[1 - row.turn]
      ? `${who[row.turn]} plays it more: ${count(row.listens[row.turn])} to ${count(row.listens[1 - row.turn])}`
      : `${who[row.turn]}’s: ${counted(row.listens[row.turn], "play")}, new to ${who[1 - row.turn]}`);

  const blend = (found, inPair) => {
    const who = found.listeners.map((one) => one.listener);
    const mine = (row) => inPair && row.listens[who.indexOf(tonearm.listener)] > 0;
    const columns = [["track", (row) => row.track], ["artist", (row) => row.artist], ["why", (row) => reason(row, who)]];
    const keep = () => tonearm.save(new Blob(["\ufeff", tonearm.csv(found.blend, columns)], { type: "text/csv" }), "a-playlist-for-both.csv");
    if (!found.blend.length) return section("A playlist for both", quiet("As soon as you both play one artist, a playlist for both appears here."));
    return section("A playlist for both",
      h("p.soft", {}, "By turns: one that you both play, one of each, always by an artist whom both of you play."),
      h("ol.blend", {}, found.blend.map((row) => h("li", {}, tonearm.sleeve(tonearm.sleeveOf("tracks", row), 40),
        h("span.names", {}, h("span.name", {}, mine(row) ? link.track(row) : row.track), h("span.by", {}, inPair ? link.artist(row) : row.artist), h(`span.why.${["first", "second"][row.turn] ?? "both"}`, {}, reason(row, who)))))),
      h("p.keep", {}, h("button", { type: "button", onclick: keep }, "CSV")));
  };

  const unheard = (found, whose) => {
    const [mine, other] = [found.listeners[whose].listener, found.listeners[1 - whose].listener];
    const rows = found.unheard[whose];
    const isMine = mine === tonearm.listener;
    if (!rows.length) return section(`For ${other}`, quiet(`${other} has played everybody whom ${mine} plays.`));
    return section(`For ${other}`,
      h("p.soft", {}, `${mine}’s favourites of whom ${other} has not played anything.`),
      h("ol.listens", {}, rows.map((row) => h("li", {}, tonearm.sleeve(row.artist ?? "", 40),
        h("span.names", {}, h("span.name", {}, isMine ? link.artist(row) : row.artist), h("span.by", {}, "begin with ", isMine ? link.track(row) : row.track)),
        h("span.when", {}, counted(row.listens, "play"))))));
  };

  tonearm.pages.household = {
    title: "Household",
    get nav() { return !tonearm.exported && tonearm.listeners.length > 1 ? 6 : 0; },
    draw: async ({ parts, signal }) => {
      const names = tonearm.listeners;
      const one = parts[0] ?? tonearm.listener;
      const other = parts[1] ?? names.find((name) => name !== one);
      if (!other) return [h("div.lead", {}, h("h1", {}, "Household"), quiet("This page is for two or more listeners. Another one begins with: ", h("code", {}, "tonearm import FILE --listener NAME")))];
      const found = await tonearm.document("household", { listener: one, with: other }, { signal });
      const who = found.listeners;
      const empty = who.find((person) => !person.listens);
      if (empty) return [h("div.lead", {}, h("h1", {}, `${one} and ${other}`), pairs(names, [one, other]), quiet(`${empty.listener} has no plays yet; with some, this page compares the two of you.`))];
      const inPair = who.some((person) => person.listener === tonearm.listener);
      const name = (row) => (inPair ? link.artist(row) : row.artist);
      const of = who.map((person, i) => `${percent(found.shared.plays[i] / person.listens)} of ${person.listener}’s plays`);
      return [
        h("div.lead", {},
          h("h1", {}, `${one} and ${other}: ${inWords(found.alike, found.alike_self)}`),
          h("p", {}, `You both play ${counted(found.shared.artists, "artist")} and ${counted(found.shared.tracks, "track")}. They make up ${of[0]} and ${of[1]}. Counting how often each of you plays them, ${outOf100(found.alike)} of every 100 plays match.`),
          pairs(names, [one, other])),
        h("div.columns.household", {}, circles(who, found.shared.artists), found.artists.length ? together(found, name) : quiet("No artist in common yet.")),
        sure(found),
        h("div.columns", {}, first(found, name), blend(found, inPair)),
        h("div.columns", {}, unheard(found, 0), unheard(found, 1)),
      ];
    },
  };
})();
