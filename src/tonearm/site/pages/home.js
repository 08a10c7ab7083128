"use strict";
/* The first page. */
(() => {
  const { h, count, counted, link, section, card, cards } = tonearm;

  /** "58,263 plays since 2008; DJ Krush won." */
  const sentence = (totals, best) => {
    const winner = best.artists[0];
    return [`${counted(totals.listens, "play")} since ${tonearm.year(totals.first_day)}; `, link.artist(winner), " won."];
  };

  const rest = (home) => {
    const { totals, best } = home;
    const parts = [`${counted(totals.artists, "artist")}, ${counted(totals.albums, "album")} and ${counted(totals.tracks, "track")} on ${counted(totals.days, "day")}.`];
    if (totals.minutes) parts.push(` ${count(Math.round(totals.minutes / 60))} hours of music, as far as its length is known.`);
    if (best.tracks[0]) parts.push(" Most played: ", link.track(best.tracks[0]), ` (${counted(best.tracks[0].listens, "time")}).`);
    if (home.has_ended) parts.push(" ", tonearm.ended(home), home.lately ? "; “last” means up to then." : ".");
    return h("p", {}, parts);
  };

  const lately = (one, hasEnded) => {
    const name = { week: hasEnded ? "The last 7 days" : "Last 7 days", month: hasEnded ? "The last month" : "This month" }[one.period];
    const charts = tonearm.to("charts", { from: one.first, to: one.last });
    return card(name,
      h("div", {}, h("a.big", { href: charts }, counted(one.listens, "play")), " ", tonearm.change(one.listens, one.before)),
      one.listens
        ? [h("p.soft", {}, `${counted(one.artists_heard, "artist")}, most of all`), tonearm.firstArtists(one.artists.slice(0, 3)),
          tonearm.shareButton(() => tonearm.pictureOfDays(`${tonearm.shortDate(one.first)} to ${tonearm.shortDate(one.last)}`, one))]
        : tonearm.quiet("Nothing was played in these days."));
  };

  const streaks = ({ longest, current }, hasEnded) => longest && card("Days in a row",
    h("div.big", {}, current ? counted(current.days, "day") : counted(longest.days, "day")),
    h("p.soft", {}, current
      ? (current.days === longest.days ? `Your longest streak ${hasEnded ? "was the last" : "is going on right now"}.` : [`${hasEnded ? "was the last streak" : "going on now"}. The longest was ${counted(longest.days, "day")}, from `, link.day(longest.first), "."])
      : ["was the longest streak, from ", link.day(longest.first), " to ", link.day(longest.last), "."]));

  const milestone = ([newest], totals) => {
    if (!newest) return null;
    const step = totals.listens < 1000 ? 100 : totals.listens < 10_000 ? 1000 : 10_000;
    const next = (Math.floor(totals.listens / step) + 1) * step;
    return card("Milestone",
      h("div.big", {}, `Play ${count(newest.number)}`),
      h("p.soft", {}, "was ", link.track(newest), " by ", link.artist(newest), " on ", link.day(newest.day), `. ${count(next - totals.listens)} more until ${count(next)}.`));
  };

  const milestones = (rows) => rows.length > 1 && tonearm.question("All milestones",
    h("ul.line", {}, rows.map((row) => h("li", {}, h("b", {}, count(row.number)), h("span", {}, link.track(row), " by ", link.artist(row)), h("span.soft", {}, link.day(row.day))))));

  const onThisDay = (rows, asOf) => section(`On ${tonearm.dayAndMonth(asOf)}`,
    rows.length
      ? h("ul.line", {}, rows.map((row) => h("li", {}, h("b", {}, link.day(row.day, String(row.year))), h("span", {}, counted(row.listens, "play"), ", most of ", link.artist(row)))))
      : tonearm.quiet("Nothing was played on this day in earlier years."));

  const recently = (rows, playing) => section(playing ? "Playing now" : "Recently played",
    playing && h("p", {}, h("b", {}, playing.track), " by ", playing.artist),
    rows.length ? tonearm.listens(rows, (row) => h("time", { datetime: row.started_at }, ago(row))) : tonearm.quiet("No plays yet."));

  const ago = (row) => (row.started_at_local ? [link.day(row.started_at_local, tonearm.shortDate(row.started_at_local)), " ", tonearm.clock(row.started_at_local)] : "just now");

  const tiles = (rows, more) => h("ul.tiles.eight", {}, rows.map((row) => h("li", {},
    h("a", { href: tonearm.to(["artist", row.artist_id]), tabindex: -1, "aria-hidden": "true" }, tonearm.sleeve(row.artist, 160)),
    h("span.names", {}, h("span.name", {}, link.artist(row)), h("span.soft", {}, more(row))))));

  const empty = () => [
    h("div.lead", {}, h("h1", {}, "Nothing here yet"), h("p", {}, "Bring in a history: a Spotify export, a Last.fm or ListenBrainz file, or a player that sends plays as they happen.")),
    tonearm.cards(
      card("A file", h("p", {}, h("code", {}, "tonearm import FILE")), h("p.soft", {}, "then ", h("code", {}, "tonearm run"), ", or drop it on the ", h("a", { href: "#/library/imports" }, "Library page"), ".")),
      card("A service", h("p", {}, h("code", {}, "tonearm connect spotify")), h("p.soft", {}, "or lastfm, or listenbrainz.")),
      card("A look around", h("p", {}, h("code", {}, "tonearm demo")), h("p.soft", {}, "fills an empty home with an invented household.")),
    ),
  ];

  tonearm.pages.home = {
    title: "Home",
    nav: 1,
    draw: async ({ signal }) => {
      if (!tonearm.listener) return empty();
      const get = (name) => tonearm.document(name, {}, { signal });
      // A website has what its listener shows there: parts that are kept back are null.
      const recentOf = (asked) => (tonearm.exported ? asked.catch(() => null) : asked);
      const [home, recent, week] = await Promise.all([get("home"), recentOf(get("recent")), get("weekly").catch(() => null)]);
      if (!home.totals.listens) return empty();
      return [
        h("div.lead", {}, h("h1", {}, sentence(home.totals, home.best)), rest(home)),
        cards((home.lately ?? []).map((one) => lately(one, home.has_ended)), week?.listens > 0 && tonearm.weeklyCard(week), home.streaks && streaks(home.streaks, home.has_ended), home.milestones && milestone(home.milestones, home.totals)),
        home.milestones && milestones(home.milestones),
        home.days && section("Every day", tonearm.calendar(home.days)),
        h("div.columns", {},
          section("Artists", tonearm.ranking("artists", home.best.artists)),
          section("Albums", home.best.albums.length ? tonearm.ranking("albums", home.best.albums) : tonearm.quiet("This history names no albums.")),
          section("Tracks", tonearm.ranking("tracks", home.best.tracks))),
        (recent || home.on_this_day) && h("div.columns", {}, recent && recently(recent.listens, recent.playing), home.on_this_day && onThisDay(home.on_this_day, home.as_of)),
        home.discovered?.length > 0 && section("New to you", tiles(home.discovered, (row) => [counted(row.listens, "play"), row.first_day && [" since ", link.day(row.first_day, tonearm.shortDate(row.first_day))]])),
        home.rediscover.length > 0 && section("Worth going back to", tiles(home.rediscover, (row) => [counted(row.listens, "play"), row.last_day && [", last in ", tonearm.month(row.last_day)]])),
      ];
    },
  };
})();
