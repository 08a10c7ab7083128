"use strict";
/* What keeps a history right and safe: zones, the schedule, models, backups. */
(() => {
  const { h, api, count, section, card, quiet, question } = tonearm;
  const {
    action, allowed, command, doing, every, facts, field, isProblem, newsPlace, noRight, relative, segment, send, size, state, table, tell,
    when, withNews, zoneList,
  } = tonearm.library;

  async function zones({ signal }) {
    const found = await api("listeners", { signal });
    const mine = found.filter((one) => one.name === tonearm.listener);
    if (!mine.length) return [quiet("There are no listeners yet: import a history first.")];
    const zone = h("input", { list: "zones", required: true, value: Intl.DateTimeFormat().resolvedOptions().timeZone, autocomplete: "off" });
    const since = h("input", { type: "date" });
    const place = newsPlace();
    zoneList();
    return [
      h("p.soft", {}, "Hours and days are those of where you lived at the time. If you moved, tell tonearm from which day on."),
      mine.map((one) => section(one.name, h("ul.line", {}, one.zones.map(({ from, zone: name }, i) => h("li", {}, h("b", {}, name.replace(/_/g, " ")), h("span.soft", {}, i === 0 ? "from the beginning" : `from ${tonearm.date(from)} on`)))))),
      section("I lived somewhere else", h("form.choosing", { onsubmit: async (event) => {
        event.preventDefault();
        try {
          await doing(place, "Moving the times of your plays and building the tables.", () => send("PUT", `listeners/${segment(tonearm.listener)}`, { zone: zone.value.trim(), ...(since.value && { from: since.value }) }));
          tonearm.redraw();
        } catch (error) {
          tell(place, "bad", error.message);
        }
      } }, h("div.row", {}, field("From this day on", since, "Left empty: always."), field("I lived in", zone)), h("button.main", {}, "Keep it")), place),
    ];
  }

  const OUTCOME = { done: "good", failed: "bad", interrupted: "off" };
  const past = (one) => (one.outcome ? state(OUTCOME[one.outcome] ?? "off", one.outcome) : state("busy", "under way"));

  async function schedule({ signal }) {
    const found = await allowed("schedule?limit=20", signal);
    if (isProblem(found)) return [noRight("see the household's schedule")];
    if (!found.jobs.length) return [quiet("Nothing is scheduled yet. The jobs appear when there is a history and ", h("code", {}, "tonearm up"), " runs.")];
    return [
      h("p.soft", {}, "These jobs run by themselves while ", h("code", {}, "tonearm up"), " runs. A job that was due while the machine slept runs once when it wakes."),
      h("div.cards", {}, found.jobs.map(job)),
      found.passes.length > 0 && section("History", table("The newest passes", ["Job", "Began", "", "What happened"], found.passes.map((one) => [one.job, when(one.started_at), past(one), one.message ?? ""]))),
    ];
  }

  const EVERY = [900, 3600, 7200, 21_600, 43_200, 86_400, 604_800];
  const job = (one) => {
    const base = `schedule/${segment(one.job)}`;
    const place = newsPlace();
    const now = action("Do it now", "Under way. You can leave this page; it goes on.", () => send("POST", `${base}/passes`), { place });
    const pause = action(one.is_paused ? "Resume" : "Pause", "…", () => send("PATCH", base, { is_paused: !one.is_paused }), { place });
    const choose = h("select", { onchange: async () => {
      try { await send("PATCH", base, { every_s: Number(choose.value) }); tonearm.redraw(); } catch (error) { tell(place, "bad", error.message); }
    } }, [...new Set([...EVERY, one.every_s])].sort((a, b) => a - b).map((seconds) => h("option", { value: seconds, selected: seconds === one.every_s }, every(seconds))));
    return card(tonearm.capital(one.job), h("p", {}, one.does ? one.does.replace(/^./, (first) => first.toUpperCase()) + "." : ""),
      facts([["Due", one.is_paused ? state("off", "paused") : new Date(one.due_at) < Date.now() ? "when tonearm up runs" : relative(one.due_at)], ["Last", one.last ? [when(one.last.started_at), " ", past(one.last)] : "never"]]),
      one.last?.outcome === "failed" && h("p.wrong", {}, one.last.message ?? ""),
      field("Every", choose), h("div.row", {}, now.button, pause.button), place);
  };

  const MODELS = {
    imputation: "Filling in missing sound", mood: "Moods of tracks", popularity: "Popularity", next_mood: "What you play next", session_start: "When you start listening",
    energy_forecast: "Energy of the coming week", breakout: "New favourites", recommender: "Recommendations",
  };

  async function models({ signal }) {
    const [found, lab] = await Promise.all([api("models", { signal }), labAddress(signal)]);
    const all = action("Train all now", "Training. Minutes, for a long history; you can leave this page.", () => send("POST", "models/train"), { kind: ".main", after: trained });
    return [
      h("p.soft", {}, "A model is used only where it beat a simple rule on plays that it had not seen; elsewhere the rule answers."),
      lab && h("p", {}, h("a", { href: lab }, "Try the models in the lab"), ": move a slider and see what a model makes of it."),
      withNews(all),
      h("div.cards", {}, found.map(model)),
    ];
  }

  /** Where the lab is; null where it is not served, or where this is another machine, which cannot reach it. */
  const labAddress = async (signal) => {
    if (!["127.0.0.1", "localhost", "[::1]"].includes(location.hostname)) return null;
    // The same address is this page, which a cache may have.
    return (await api("./", { signal, cache: "no-store", headers: { Accept: "application/json" } })).lab;
  };

  const trained = (reports, place) => place.replaceChildren(h("div.notice.good", {}, h("ul.plain", {}, reports.map((one) => h("li", {}, h("b", {}, MODELS[one.model] ?? one.model), `: ${{ served: "beat its rule and is used", baseline: "did not beat its rule, which answers", not_enough_data: "too little to learn from" }[one.status] ?? one.status}`)))));

  const model = (one) => {
    const train = action("Train", "Training.", () => send("POST", `models/train?model=${segment(one.model)}`), { after: trained });
    const standing = one.production ? state("good", `in use, version ${one.production}`) : one.versions ? state("off", "its simple rule answers") : state("off", "not trained yet");
    return card(MODELS[one.model] ?? one.model, h("p", {}, standing), h("p.soft", {}, one.summary),
      facts([["Compared with", one.baseline], one.trained_at && ["Trained", when(one.trained_at)]]),
      one.versions > 0 && question("How sure are we?", h("p", {}, one.decision)), withNews(train));
  };

  async function backups({ signal }) {
    const found = await allowed("backups", signal);
    if (isProblem(found)) return [noRight("see backups")];
    const make = action("Make one now", "Backing up. Imports and runs wait meanwhile; players can go on sending.", () => send("POST", "schedule/backup/passes"), { kind: ".main", after: () => tonearm.redraw() });
    return [
      h("p.soft", {}, "A backup is one file with everything that tonearm keeps, including the credentials of other services: keep it private, and on another disk."),
      found.folder
        ? [h("p", {}, `Once a day into ${found.folder}; the newest ${count(found.kept)} stay.`), withNews(make)]
        : section("Not set up yet", h("p.soft", {}, "Name a folder in ", h("code", {}, "tonearm.toml"), ", and the schedule makes one every day:"), command('backup_folder = "/media/disk/tonearm"'), h("p.soft", {}, "Or make one by hand:"), command("tonearm backup ~/tonearm.tar.gz")),
      found.folder && section("Backups", found.backups.length ? table("Backups", ["File", "Made", "Size"], found.backups.map((one) => [h("span.filename", {}, one.name), when(one.made_at), size(one.bytes)])) : quiet("There are none yet.")),
      question("How to restore one", h("p", {}, "Into an empty home: ", h("code", {}, "tonearm --home NEW restore FILE"))),
    ];
  }

  Object.assign(tonearm.library, { zones, schedule, models, backups });
})();
