"use strict";
/* Library & data: what came in, how it keeps coming in, and what keeps it safe. Each part has an address of its own. */
(() => {
  const { h, api, counted, section, card, cards, quiet, question } = tonearm;
  const {
    DOES, action, allowed, backups, clock, connections, embeds, imports, isProblem, merges, models, relays, schedule, send, size,
    sourceName, state, table, tell, tokens, when, withNews, zones,
  } = tonearm.library;

  const PARTS = {
    "": ["Overview", overview],
    imports: ["Imports", imports],
    merges: ["Merges", merges],
    connections: ["Services", connections],
    tokens: ["Players", tokens],
    relays: ["Forwarding", relays],
    cards: ["Cards", embeds],
    zones: ["Where you lived", zones],
    schedule: ["Schedule", schedule],
    models: ["Models", models],
    backups: ["Backups", backups],
  };

  async function overview({ signal }) {
    const [library, runs] = await Promise.all([api("library", { signal }), allowed("runs?limit=5", signal)]);
    const mine = library.sources.filter((one) => one.listener === tonearm.listener);
    const plays = mine.reduce((sum, one) => sum + one.listens, 0);
    const most = Math.max(1, ...mine.map((one) => one.listens));
    const newest = library.newest_import;
    const waits = library.inbox.length + library.submissions_waiting;
    return [
      h("p.soft", {}, plays ? `${counted(plays, "play")} of ${tonearm.listener} from ${counted(mine.length, "source")}.` : "No plays yet. Drop a file on Imports, connect a service, or set up a player."),
      mine.length > 0 && section("Where your plays come from", h("ul.line", {}, mine.map((one) => h("li.source", {},
        h("b", {}, sourceName(one.source)),
        h("span.soft", {}, `${tonearm.shortDate(one.first_day)} – ${tonearm.shortDate(one.last_day)}`),
        h("span.n", {}, counted(one.listens, "play")),
        h("span.bar", { "aria-hidden": "true" }, h("i", { style: { width: `${(100 * one.listens) / most}%` } })))))),
      cards(
        card("Newest import", newest
          ? [h("a.big", { href: tonearm.to(["library", "imports", newest.run]) }, counted(newest.kept, "new row")), h("p.soft", {}, newest.files[0]?.name ?? "", " · ", when(newest.started_at))]
          : [h("div.big", {}, "None"), h("p.soft", {}, h("a", { href: tonearm.to(["library", "imports"]) }, "Bring in a file"))]),
        card("Waiting", h("div.big", {}, waits ? counted(waits, "thing") : "Nothing"),
          waits ? h("p.soft", {}, [library.inbox.length && counted(library.inbox.length, "file") + " in the inbox", library.submissions_waiting && counted(library.submissions_waiting, "submission") + " from players"].filter(Boolean).join(", "), ". The next run takes them.") : h("p.soft", {}, "All that arrived is in your tables.")),
        library.bytes != null && card("On disk", h("div.big", {}, size(library.bytes)), h("p.soft", {}, `tonearm ${library.version}. `, library.backup_folder ? "Backed up every day." : ["No backups yet. ", h("a", { href: tonearm.to(["library", "backups"]) }, "Set them up")]))),
      isProblem(runs) ? null : bringUpToDate(runs),
    ];
  }

  const ended = (one) => [
    when(one.started_at),
    one.outcome === "done" ? state("good", "done") : state("bad", "failed"),
    one.problem ?? ([one.listens && counted(one.listens, "row") + " came in", one.tables && counted(one.tables, "table") + " changed", one.failed && counted(one.failed, "failure")].filter(Boolean).join(", ") || "nothing was new"),
    one.ended_at ? clock((new Date(one.ended_at) - new Date(one.started_at)) / 1000) : "",
  ];

  const bringUpToDate = (runs) => {
    const run = action("Bring everything up to date", "Importing what waits, building the tables, predicting. You can leave this page.", () => send("POST", "runs"), { kind: ".main" });
    return section("Runs",
      h("p.soft", {}, "A run takes in what waits, rebuilds what changed and predicts anew. The schedule does it by itself."),
      withNews(run),
      runs.runs.length > 0 && question("The newest runs", table("The newest runs", ["Began", "", "What happened", "Took"], runs.runs.map(ended))));
  };

  /** What is under way, above every part: it is there for a reader who comes back, too. */
  const underWay = (signal) => {
    const place = h("div.news", { role: "status" });
    let wasBusy = false;
    const look = async () => {
      if (signal.aborted) return;
      const found = await allowed("runs?limit=0", signal).catch(() => null);
      if (signal.aborted || !found || isProblem(found)) return;
      const tasks = found.under_way.filter((one) => one.task !== "look").map((one) => [DOES[one.task], one.about && ` (${one.about})`, `, since ${new Date(one.started_at).toLocaleTimeString()}`].filter(Boolean).join(""));
      const jobs = found.jobs.filter((name) => !found.under_way.some((one) => one.task === "job" && one.about === name)).map((name) => `The scheduled job ${name} is under way`);
      const lines = [...tasks, ...jobs];
      if (lines.length) tell(place, "busy", lines.join(". "), ".");
      else place.replaceChildren();
      // Once what was under way is over, the numbers below are old; a form that somebody fills in stays.
      if (wasBusy && !lines.length && !document.querySelector("main form :focus, main .queue li, main .news[aria-busy], main .doing .notice")) tonearm.redraw();
      wasBusy = lines.length > 0;
      setTimeout(look, wasBusy ? 2000 : 10_000);
    };
    setTimeout(look, 0);
    return place;
  };

  tonearm.pages.library = {
    title: "Library",
    nav: 5,
    draw: async (at) => {
      if (tonearm.exported) return [h("h1", {}, "Library & data"), quiet("This is an export; the library is where tonearm runs.")];
      const name = at.parts[0] ?? "";
      if (!Object.hasOwn(PARTS, name)) throw new tonearm.Problem(404, "", "The library has no such part.");
      const [title, part] = PARTS[name];
      const shown = await part(at);
      return [
        h("div.lead", {}, h("h1", {}, name === "tokens" ? "Players and tokens" : name ? title : "Library & data"),
          tonearm.choices("Parts of the library", Object.entries(PARTS).map(([key, [text]]) => [text, tonearm.to(key ? ["library", key] : ["library"]), key === name]))),
        underWay(at.signal),
        shown,
      ];
    },
  };
})();
