"use strict";
/* Library & data: what came in, how it keeps coming in, and what keeps it safe. Each part has an address of its own. */
(() => {
  const { h, api, count, counted, section, card, cards, quiet, question } = tonearm;

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

  /* ---- Words. */

  const SOURCES = {
    spotify_account: "Spotify account data", spotify_extended: "Spotify extended history", spotify_api: "Spotify", lastfm_csv: "Table of plays",
    lastfm_json: "Last.fm file", lastfm_xml: "Last.fm file", lastfm_api: "Last.fm", lastfmstats_json: "lastfmstats.com file", listenbrainz_export: "ListenBrainz export", listenbrainz_api: "ListenBrainz",
    maloja_json: "Maloja export", koito_json: "Koito export", your_spotify: "Your Spotify", librefm_csv: "Libre.fm export", scrubbler_csv: "Scrubbler file", scrubbler_json: "Scrubbler file",
    pano_events: "Pano Scrobbler export", pano_jsonl: "Pano Scrobbler export", youtube_music_json: "YouTube Music", navidrome: "Navidrome database", deezer_xlsx: "Deezer data", ifttt: "IFTTT spreadsheet",
    exportify: "Playlist by Exportify", track_features: "Track catalogue", spotify_songs: "Track catalogue", acousticbrainz_highlevel: "AcousticBrainz", acousticbrainz_lowlevel: "AcousticBrainz",
    lastfm_submission: "Players, as Last.fm", listenbrainz_submission: "Players, as ListenBrainz", audioscrobbler_submission: "Players, as AudioScrobbler",
    kaggle_tracks: "Track catalogue",
  };
  /** Kinds of files with tracks and no plays, which belong to nobody in particular. */
  const CATALOGUES = new Set(["kaggle_tracks", "track_features", "spotify_songs", "exportify", "acousticbrainz_highlevel", "acousticbrainz_lowlevel", "added_songs"]);
  const sourceName = (kind) => SOURCES[kind] ?? (kind ? kind.replace(/_/g, " ").replace(/^./, (first) => first.toUpperCase()) : "not recognised");
  const when = (at) => at && h("time", { datetime: at, title: new Date(at).toLocaleString() }, new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }));
  const FAR = [[86_400, "day"], [3600, "hour"], [60, "minute"]];
  const relative = (at) => {
    const seconds = (new Date(at) - Date.now()) / 1000;
    const [unit, name] = FAR.find(([least]) => Math.abs(seconds) >= least) ?? [60, "minute"];
    return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / unit), name);
  };
  const every = (seconds) => (seconds % 86_400 === 0 ? counted(seconds / 86_400, "day") : seconds % 3600 === 0 ? counted(seconds / 3600, "hour") : counted(Math.round(seconds / 60), "minute"));
  const size = (bytes) => {
    if (bytes < 1000) return counted(bytes, "byte");
    const [unit, name] = [[1e9, "gigabyte"], [1e6, "megabyte"], [1e3, "kilobyte"]].find(([least]) => bytes >= least);
    return new Intl.NumberFormat(undefined, { style: "unit", unit: name, maximumFractionDigits: bytes / unit < 10 ? 1 : 0 }).format(bytes / unit);
  };
  const DOES = {
    import: "Importing files", look: "Looking at files", undo: "Undoing an import", run: "Bringing everything up to date",
    train: "Training models", job: "Doing a scheduled job", zone: "Moving times to another zone",
  };

  /* ---- Asking the server to do something, and what it answers. */

  const send = (method, path, body) => api(path, { method, ...(body !== undefined && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }) });
  const segment = encodeURIComponent;
  /** What `path` answers, or the problem where this reader has no right to it. */
  const allowed = (path, signal) => api(path, { signal }).catch((error) => {
    if (error.status === 403) return error;
    throw error;
  });
  const isProblem = (found) => found instanceof tonearm.Problem;
  const noRight = (what) => quiet(`Your token may read, but not ${what}. Whoever runs this server can make one that may: `, h("code", {}, "tonearm tokens create --listener NAME --scope admin"));

  /** A place for news about what was asked for; screen readers hear it. */
  const newsPlace = () => h("div.news", { role: "status" });
  const tell = (place, kind, ...words) => place.replaceChildren(h(`p.notice${kind ? "." + kind : ""}`, {}, words));
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

  /** Who is writing, in words. */
  const writer = async () => {
    const found = await allowed("runs?limit=0").catch(() => null);
    if (!found || isProblem(found)) return null;
    const [mine] = found.under_way.filter((one) => one.task !== "look");
    const who = mine ? `${DOES[mine.task].toLowerCase()} (since ${new Date(mine.started_at).toLocaleTimeString()})` : found.jobs.length ? `the scheduled job ${found.jobs[0]}` : found.is_writing ? "another tonearm on this home, such as a command in a terminal" : null;
    return { isFree: !found.is_writing, who };
  };

  /** Do `work` and keep the reader posted in `place`; where something else writes, wait for it and try again. */
  const doing = async (place, words, work) => {
    const began = Date.now();
    let text = words;
    const show = () => tell(place, "busy", text, " ", h("span.soft", {}, clock((Date.now() - began) / 1000)));
    // The clock is not read out each second.
    place.setAttribute("aria-busy", "true");
    show();
    const ticking = setInterval(show, 1000);
    try {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          if (error.error !== "HomeBusy") throw error;
          do {
            const found = await writer();
            text = `Waiting, since something else is writing: ${found?.who ?? "another tonearm"}. It goes on by itself.`;
            show();
            if (!found || found.isFree) break;
            await sleep(2000);
          } while (place.isConnected);
          if (!place.isConnected) throw error;
          await sleep(1000);
          text = words;
        }
      }
    } finally {
      clearInterval(ticking);
      place.removeAttribute("aria-busy");
    }
  };

  /** A button that asks the server for something once, with its news beneath. */
  const action = (label, words, work, { kind = "", place = newsPlace(), after = () => tonearm.redraw() } = {}) => {
    const button = h(`button${kind}`, { type: "button", onclick: async () => {
      // Not `disabled`, which would take the focus away from whoever pressed it.
      if (button.getAttribute("aria-disabled")) return;
      button.setAttribute("aria-disabled", "true");
      try {
        const found = await doing(place, words, work);
        await after(found, place);
      } catch (error) {
        tell(place, "bad", error.message);
      } finally {
        button.removeAttribute("aria-disabled");
        // Where the button went with what it was for, the keyboard goes on at the top of the page.
        if (!button.isConnected && document.activeElement === document.body) document.getElementById("main").focus({ preventScroll: true });
      }
    } }, label);
    return { button, place };
  };
  const withNews = ({ button, place }) => h("div.doing", {}, button, place);

  /** A button for what cannot be taken back: it asks first, in place, and the safe answer has the focus. */
  const careful = (label, ask, yes, words, work, options) => {
    const place = newsPlace();
    const holder = h("div.doing", {});
    const opener = h("button", { type: "button", onclick: () => {
      const { button } = action(yes, words, work, { kind: ".danger", place, ...options });
      const no = h("button", { type: "button", onclick: () => { holder.replaceChildren(opener, place); opener.focus(); } }, "Keep it");
      const both = h("div.row", { role: "group", "aria-label": ask }, h("p", {}, ask), no, button);
      both.addEventListener("keydown", (event) => { if (event.key === "Escape") no.click(); });
      holder.replaceChildren(both, place);
      no.focus();
    } }, label);
    holder.append(opener, place);
    return holder;
  };

  const field = (label, control, hint) => h("label.field", {}, h("span", {}, label), control, hint && h("small", {}, hint));
  const command = (text) => {
    const copy = h("button", { type: "button", onclick: async () => {
      try { await navigator.clipboard.writeText(text); copy.textContent = "Copied"; } catch { copy.textContent = "Select it to copy"; }
    } }, "Copy");
    return h("div.command", {}, h("code", {}, text), copy);
  };
  const facts = (rows) => h("dl.facts", {}, rows.filter(Boolean).map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
  const state = (kind, text) => h(`span.state.${kind}`, {}, text);
  /** A table, whose rows stand as blocks on a narrow screen; the roles keep it a table there. */
  const table = (caption, heads, rows) => h("div.scroll.stacked", { tabindex: 0, role: "region", "aria-label": caption }, h("table", { role: "table" },
    h("caption.unseen", {}, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map((head) => h("th", { scope: "col", role: "columnheader" }, head)))),
    h("tbody", { role: "rowgroup" }, rows.map((row) => h("tr", { role: "row" }, row.map((cell, i) => h("td", { role: "cell", "data-head": heads[i] || null }, cell)))))));
  /** A word of a command as a shell takes it. */
  const quoted = (word) => (/^[\w.@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const address = () => location.origin;
  const people = async (signal) => (await api("listeners", { signal })).map((one) => one.name);

  /* ---- Overview. */

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

  /* ---- Imports. */

  async function imports({ parts, query, signal }) {
    if (parts[1]) return oneImport(parts[1], query, signal);
    const [names, reports] = await Promise.all([people(signal), api("imports", { signal })]);
    return [dropping(names), ledger(reports, query)];
  }

  const nothingRead = (report) => report.files.every((one) => one.problem || one.read === 0 || one.read === one.rejected);

  const dropping = (names) => {
    const place = newsPlace();
    const queue = h("ol.queue", { "aria-label": "Files" });
    const input = h("input", { type: "file", multiple: true, id: "files", class: "unseen", onchange: () => { take(input.files); input.value = ""; } });
    const zone = h("label.drop", { for: "files" }, h("b", {}, "Drop files here, or choose them"), h("span.soft", {}, "Spotify exports, Last.fm, ListenBrainz, Apple Music, YouTube Music, Deezer, Tidal, any table of plays; zips and folders as they are. Nothing is kept before you agree."));
    const over = (isOver) => (event) => { event.preventDefault(); zone.classList.toggle("over", isOver); };
    zone.addEventListener("dragover", over(true));
    zone.addEventListener("dragleave", over(false));
    zone.addEventListener("drop", over(false));
    const whole = h("div.dropping", {}, input, zone);
    whole.addEventListener("files", (event) => take(event.detail));
    let last = Promise.resolve();
    const take = (list) => {
      const files = [...list];
      if (!files.length) return tell(place, "bad", "What you dropped has no file in it.");
      place.replaceChildren();
      const bytes = files.reduce((sum, file) => sum + file.size, 0);
      const item = h("li", {}, h("b.filename", {}, files[0].name, files.length > 1 && ` and ${counted(files.length - 1, "other file")}`), " ", h("span.soft", {}, size(bytes)), newsPlace());
      queue.prepend(item);
      // One at a time: they would wait for each other anyway.
      last = last.then(() => look(files, item, names));
    };
    if (dropped) take(dropped);
    dropped = null;
    return section("Bring in a history", whole, place, queue);
  };

  /* A file may be dropped anywhere on any page: without this, a browser would leave the page and show the file. */
  let dropped = null;
  const hasFiles = (event) => !tonearm.exported && event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const files = await filesOf(event.dataTransfer);
    const place = document.querySelector(".dropping");
    if (place) return place.dispatchEvent(new CustomEvent("files", { detail: files }));
    dropped = files;
    location.hash = tonearm.to(["library", "imports"]);
  });

  /** The files that were dropped, and those in folders that were. */
  const filesOf = async (dropped) => {
    const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) return [...dropped.files];
    const within = async (entry) => {
      if (entry.isFile) return entry.name.startsWith(".") ? [] : [await new Promise((done, failed) => entry.file(done, failed))];
      const reader = entry.createReader(), found = [];
      // A browser lists a folder in parts of a hundred.
      for (;;) {
        const some = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!some.length) break;
        found.push(...some);
      }
      return (await Promise.all(found.map(within))).flat();
    };
    return (await Promise.all(entries.map(within))).flat();
  };

  const formOf = async (files, fields) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
    for (const file of files) {
      // One that was moved or changed since it was chosen would look like a server that does not answer.
      await file.slice(0, 1).arrayBuffer().catch(() => { throw new tonearm.Problem(0, "", `${file.name} cannot be read any more. Choose it again.`); });
      form.append("files", file, file.name);
    }
    return form;
  };

  /** What an import of these files for somebody would come to, with `hints` of how to read them; nothing is kept. */
  const look = async (files, item, names, hints = {}, whose = names.includes(tonearm.listener) ? tonearm.listener : names[0] ?? "me") => {
    const place = item.lastElementChild;
    try {
      const report = await doing(place, "Looking at it.", async () => api("imports/look", { method: "POST", body: await formOf(files, { listener: whose, ...hints }) }));
      seen(files, item, names, report, whose, hints);
    } catch (error) {
      refused(place, error);
    }
  };

  const refused = (place, error) => tell(place, "bad", error.status === 413 ? "This file is larger than the page takes. Import it on the machine itself: tonearm import FILE" : error.status === 403 ? "Your token may read, but not import. It needs the scope admin." : error.message);

  /** A problem in words that help on a page, where there are no options of a command line. */
  const onThePage = (problem) => problem.replace(/; (`tonearm import --help`|name the columns with --columns).*$/, ".").replace(/^./, (first) => first.toUpperCase());

  const SHOWN_FILES = 8;
  const what = (report) => {
    const files = report.files.filter((one) => one.read || one.problem);
    const more = files.length - SHOWN_FILES;
    return [...files.slice(0, SHOWN_FILES).map(oneFile(report)), more > 0 && h("li.soft", {}, `and ${counted(more, "other file")}`)];
  };
  const oneFile = (report) => (one) => h("li", {},
    report.files.length > 1 && h("span.filename", {}, one.name, ": "),
    one.problem ? h("span.wrong", {}, onThePage(one.problem)) : [`${sourceName(one.kind)}, ${counted(one.read, "row")}`, one.reading && h("small", {}, " · ", one.reading)]);

  const outcome = (report) => [
    counted(report.kept, "new row"),
    report.duplicates ? `${count(report.duplicates)} that you have already` : null,
    report.rejected ? `${count(report.rejected)} that cannot be used` : null,
  ].filter(Boolean).join(", ");

  const WHERE = [
    ["Spotify", "the zip from Account, Privacy: “Extended streaming history”, or “Account data”"], ["Last.fm", "a CSV, JSON or XML by any exporter, such as lastfmstats.com"],
    ["ListenBrainz", "the zip from Settings, Export"], ["Apple Music", "“Apple Music Play Activity.csv” from privacy.apple.com"], ["YouTube Music", "“watch-history.json” from Google Takeout, as JSON"],
    ["Deezer, Tidal", "the file of your personal data"], ["Maloja, Koito, Navidrome, Pano, Rockbox", "their export, database or log"], ["Anything else", "a table with columns for artist, track and date"],
  ];

  /** What cannot be read, what could be, and a table's columns by hand. */
  const unread = (files, item, names, report, hints) => {
    const isTable = files.length === 1 && report.files.some((one) => /columns?\b/.test(one.problem ?? "") || /\.(csv|tsv|txt)$/i.test(one.name)) && files[0].size > 0;
    return h("div.notice.bad", {}, h("p", {}, "This is no history that tonearm can read, so nothing was kept."), h("ul.plain", {}, what(report)),
      isTable && question("It is a table of plays", columnsForm((columns) => look(files, item, names, { ...hints, columns }))),
      question("What it could be", h("p.soft", {}, "Files are recognised by what is in them, not by their names."), facts(WHERE)));
  };

  const columnsForm = (lookAgain) => {
    const number = (value, required) => h("input", { type: "number", min: 1, max: 200, value, required, inputmode: "numeric" });
    const inputs = { artist: number(1, true), track: number(2, true), date: number(3, true), album: number("", false) };
    return h("form.choosing", { onsubmit: (event) => {
      event.preventDefault();
      lookAgain(Object.entries(inputs).filter(([, input]) => input.value).map(([name, input]) => `${name}=${input.value}`).join(","));
    } },
    h("p.soft", {}, "Which column is which, counted from the left, beginning with 1?"),
    h("div.row.narrow", {}, field("Artist", inputs.artist), field("Track", inputs.track), field("Date", inputs.date), field("Album, if there is one", inputs.album)),
    h("button", {}, "Look again"));
  };

  const seen = (files, item, names, report, whose, hints) => {
    const place = item.lastElementChild;
    if (nothingRead(report)) return place.replaceChildren(unread(files, item, names, report, hints));
    const isCatalogue = report.files.every((one) => one.problem || !one.read || CATALOGUES.has(one.kind));
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const NEW = "\u0000new";
    const newName = h("input", { maxlength: 64, autocomplete: "off", value: names.length ? "" : "me" });
    const newField = field("Name", newName);
    const go = h("button.main", {});
    /** What is new depends on whose it is. */
    const show = () => {
      const isNew = chooser.value === NEW;
      newField.hidden = zoneField.hidden = !isNew;
      go.textContent = `Import ${counted(isNew ? report.kept + report.duplicates : report.kept, "row")}`;
      go.hidden = !isNew && !report.kept;
    };
    const chooser = h("select", { onchange: () => (chooser.value === NEW || chooser.value === whose ? show() : look(files, item, names, hints, chooser.value).then(() => item.querySelector("select")?.focus())) },
      names.map((name) => h("option", { value: name, selected: name === whose }, name)), h("option", { value: NEW, selected: !names.length }, "Somebody new"));
    const zone = h("input", { list: "zones", value: here, autocomplete: "off" });
    const zoneField = field("Time zone they live in", zone, "Yours is offered. It can change from a day on: see Where you lived.");
    // A picture or a read-me that came along is not part of the history.
    const useful = files.filter((file) => !report.files.some((one) => one.name === file.name && !one.read));
    const form = h("form.choosing", { onsubmit: (event) => {
      event.preventDefault();
      const isNew = chooser.value === NEW;
      const name = isNew ? newName.value.trim() : chooser.value;
      if (!name) { newName.focus(); return; }
      bring(useful, place, { ...hints, listener: name, timezone: isNew ? zone.value.trim() : null });
    } },
    h("p", {}, h("b", {}, outcome(report)), "."), h("ul.plain", {}, what(report)),
    report.kept === 0 && h("p.soft", {}, isCatalogue ? "All of it is known already." : `${whose} has all of it already; for somebody else it may be new.`),
    isCatalogue ? quiet("A catalogue of tracks belongs to nobody in particular.") : [h("div.row", {}, field("Whose is it?", chooser), newField, zoneField), zoneList()],
    h("div.row", {}, go, h("button", { type: "button", onclick: () => { item.remove(); document.getElementById("files")?.focus(); } }, "Leave it")));
    show();
    place.replaceChildren(form);
  };

  const bring = async (files, place, fields) => {
    try {
      const found = await doing(place, "Importing it and building the tables. You can leave this page; it goes on.", async () => api("imports", { method: "POST", body: await formOf(files, fields) }));
      const ledger = found.ledger;
      if (nothingRead(ledger) && ledger.run != null) {
        await doing(place, "None of it could be used; undoing the import.", () => send("DELETE", `imports/${ledger.run}`));
        tell(place, "bad", "None of it could be used, so the import was undone.");
        return;
      }
      const failed = found.built.tables.filter((one) => one.problem);
      place.replaceChildren(h("div.notice.good", {}, h("p", {}, `Imported: ${outcome(ledger)}. `, ledger.run != null && h("a", { href: tonearm.to(["library", "imports", ledger.run]) }, `Import ${ledger.run}`)),
        fields.listener === tonearm.listener ? h("p", {}, h("a", { href: "#/" }, "See it on Home")) : ledger.listener && h("button", { type: "button", onclick: () => open(ledger.listener) }, `Open the history of ${ledger.listener}`),
        failed.length > 0 && h("p", {}, `${counted(failed.length, "table")} could not be built: ${failed[0].problem}`)));
    } catch (error) {
      refused(place, error);
    }
  };

  /** Load the page anew for a listener whom its frame may not know yet. */
  const open = (listener) => {
    tonearm.chosen.set(listener);
    location.hash = "#/";
    location.reload();
  };

  const zoneList = () => {
    if (document.getElementById("zones")) return null;
    const list = h("datalist", { id: "zones" });
    const names = Intl.supportedValuesOf?.("timeZone") ?? [];
    list.append(...names.map((name) => h("option", { value: name })));
    document.body.append(list);
    return null;
  };

  const PAGE = 20;
  const ledger = (reports, query) => {
    if (!reports.length) return section("Ledger", quiet("Nothing was imported yet."));
    const first = Math.max(0, Number(query.get("from")) || 0);
    return section("Ledger",
      h("ul.line", {}, reports.slice(first, first + PAGE).map((one) => h("li.entry", {},
        h("a", { href: tonearm.to(["library", "imports", one.run]) }, h("b", {}, `Import ${one.run}`)),
        h("span.filename", {}, one.files[0]?.name ?? "no files", one.files.length > 1 && ` and ${count(one.files.length - 1)} more`),
        h("span.soft", {}, one.listener || "everybody", " · ", when(one.started_at)),
        h("span", {}, one.undone_at ? state("off", "undone") : !one.ended_at ? state("bad", "interrupted: import it again") : outcome(one))))),
      pages(["library", "imports"], first, PAGE, reports.length));
  };

  const pages = (parts, first, step, total, query = {}) => total > step && h("nav.row", { "aria-label": "Pages of this list" },
    first > 0 && h("a", { href: tonearm.to(parts, { ...query, from: Math.max(0, first - step) || "" }) }, "Newer"),
    h("span.soft", {}, `${count(first + 1)} to ${count(Math.min(total, first + step))} of ${count(total)}`),
    first + step < total && h("a", { href: tonearm.to(parts, { ...query, from: first + step }) }, "Older"));

  const SHOWN = { rejected: "Cannot be used", duplicate: "Known already" };

  async function oneImport(run, query, signal) {
    const shown = query.get("rows") in SHOWN ? query.get("rows") : null;
    const found = await api(`imports/${segment(run)}?${new URLSearchParams({ limit: 100, ...(shown && { outcome: shown }) })}`, { signal });
    const one = found.ledger;
    const at = ["library", "imports", run];
    return [
      section(`Import ${one.run}`,
        facts([["Whose", one.listener || "everybody"], ["When", when(one.started_at)], ["Rows read", count(one.read)], ["New", count(one.kept)], ["Known already", count(one.duplicates)], ["Cannot be used", count(one.rejected)], one.undone_at && ["Undone", when(one.undone_at)]]),
        h("ul.line", {}, one.files.slice(0, 50).map((file) => h("li", {}, h("span.filename", {}, file.name), h("span.soft", {}, sourceName(file.kind), file.reading && ` · ${file.reading}`), file.problem ? h("span.wrong", {}, file.problem) : h("span", {}, `${count(file.kept)} of ${counted(file.read, "row")} new`)))),
        one.files.length > 50 && quiet(`${count(one.files.length - 50)} more files.`),
        !one.undone_at && careful("Undo this import", `Take ${counted(one.kept, "row")} out again? Rows that another import brought too stay, and the same file can be imported again.`, "Undo it", "Undoing it and building the tables.", () => send("DELETE", `imports/${one.run}`))),
      section("Its rows",
        tonearm.choices("Which rows", [["None", tonearm.to(at), !shown], ...Object.entries(SHOWN).map(([key, text]) => [text, tonearm.to(at, { rows: key }), shown === key])]),
        shown && (found.rows.length
          ? table(SHOWN[shown], shown === "rejected" ? ["Row", "Why", "What it was"] : ["Row", "Track", "The first of it"], found.rows.map((row) => (shown === "rejected" ? [count(row.row), row.reason, row.raw ?? ""] : [count(row.row), `${row.artist_name} – ${row.track_name}`, row.first_run ? `import ${row.first_run}, ${row.first_file}, row ${count(row.first_row)}` : ""])))
          : quiet("There are none.")),
        found.truncated && quiet("The first 100 are shown. All of them: ", h("code", {}, `tonearm imports show ${one.run} --${shown === "rejected" ? "rejected" : "duplicates"}`))),
      h("p", {}, h("a", { href: tonearm.to(["library", "imports"]) }, "All imports")),
    ];
  }

  /* ---- Merges. */

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

  /* ---- Services. */

  const SERVICES = { spotify: "Spotify", lastfm: "Last.fm", listenbrainz: "ListenBrainz" };

  async function connections({ signal }) {
    const found = await api("connections", { signal });
    return [
      h("p.soft", {}, "New plays are fetched from a connected service at intervals. What was fetched stays, even if the service goes away."),
      found.length > 0 && h("div.cards", {}, found.map(connection)),
      section("Connect a service", h("p.soft", {}, "On the machine that tonearm runs on, since the service sends its answer there:"),
        Object.keys(SERVICES).map((kind) => command(`tonearm connect ${kind}${tonearm.listener ? ` --listener ${quoted(tonearm.listener)}` : ""}`))),
    ];
  }

  const connection = (one) => {
    const base = `listeners/${segment(one.listener)}/connections/${segment(one.service)}`;
    const waits = one.retry_at && new Date(one.retry_at) > Date.now();
    const sync = action("Fetch now", "Asking for what is new. A long history takes minutes the first time.", () => send("POST", `${base}/sync`), {
      after: (pulled, place) => (pulled.problem ? tell(place, "bad", pulled.problem) : tell(place, "good", pulled.was_asked ? `${counted(pulled.listens, "new play")}. The next run takes them to your tables.` : "The service asked to wait before the next request.")),
    });
    return card(`${SERVICES[one.service] ?? one.service} of ${one.listener}`,
      h("div.big", {}, one.account),
      facts([["Last fetched", one.pulled_at ? when(one.pulled_at) : "never"], ["Connected", when(one.connected_at)], waits && ["Again", relative(one.retry_at)]]),
      one.problem && h("p.wrong", {}, one.problem),
      one.hole && h("p.notice", {}, one.hole),
      withNews(sync),
      careful("Disconnect", "Remove this connection and its credentials? Your plays stay.", "Disconnect", "Disconnecting.", () => send("DELETE", base)));
  };

  /* ---- Players and tokens. */

  const SCOPES = { submit: "send plays", read: "read", admin: "everything" };
  const PLAYERS = (at) => [
    ["Pano Scrobbler", "Add account, ListenBrainz-like", `${at}/1/`],
    ["Web Scrobbler", "Options, Accounts, ListenBrainz, custom address", `${at}/1/submit-listens`],
    ["Navidrome", "ND_LISTENBRAINZ_BASEURL, then each user's settings", `${at}/1/`],
    ["Jellyfin", "ListenBrainz plugin, without /1", at],
    ["multi-scrobbler", "LZ_URL", `${at}/`],
    ["listenbrainz-mpd", "config.toml, api_url", at],
    ["rescrobbled", "config.toml, [[listenbrainz]] url", at],
    ["Last.fm-compatible (GNU FM, Libre.fm)", "name and scrobble password", `${at}/2.0/`],
  ];

  async function tokens({ signal }) {
    const [found, names] = await Promise.all([allowed("tokens", signal), people(signal)]);
    const players = section("Point a player at tonearm",
      h("p.soft", {}, "Give it this address and a token. Every play is on disk before it is acknowledged."),
      table("Players and what to enter", ["Player", "Where", "Address"], PLAYERS(address()).map(([player, where, url]) => [player, where, h("code", {}, url)])),
      quiet("Players that speak Last.fm need a scrobble password instead: ", h("code", {}, `tonearm listeners scrobble-password ${tonearm.listener ? quoted(tonearm.listener) : "NAME"}`)));
    if (isProblem(found)) return [noRight("see or make tokens"), players];
    const good = found.filter((one) => !one.revoked_at && !isOver(one));
    const old = found.filter((one) => !good.includes(one));
    return [
      making(names),
      section("Tokens", good.length ? h("ul.line", {}, good.map(token)) : quiet("There are none yet.")),
      old.length > 0 && question(`Revoked and expired: ${count(old.length)}`, h("ul.line", {}, old.map((one) => h("li", {}, h("b", {}, one.name || `Token ${one.number}`), h("span.soft", {}, one.listener), state("off", one.revoked_at ? "revoked" : "expired"), when(one.revoked_at ?? one.expires_at))))),
      players,
    ];
  }
  const isOver = (one) => one.expires_at && new Date(one.expires_at) <= Date.now();

  const token = (one) => h("li.entry", {},
    h("b", {}, one.name || `Token ${one.number}`), h("span.soft", {}, h("code", {}, `${one.hint}…`), ` of ${one.listener}, may ${one.scopes.map((scope) => SCOPES[scope]).join(" and ")}`),
    h("span.soft", {}, one.used_at ? ["last used ", relative(one.used_at)] : "never used", one.expires_at && [" · until ", when(one.expires_at)]),
    careful("Revoke", `Revoke ${one.name || `token ${one.number}`}? A player that uses it can no longer send plays.`, "Revoke", "Revoking.", () => send("DELETE", `tokens/${one.number}`)));

  const making = (names) => {
    if (!names.length) return section("A new token", quiet("A token belongs to somebody: import a history first, or ", h("code", {}, "tonearm listeners add NAME")));
    const who = h("select", {}, names.map((name) => h("option", { value: name, selected: name === tonearm.listener }, name)));
    const name = h("input", { maxlength: 64, placeholder: "phone", autocomplete: "off" });
    const days = h("select", {}, [["", "for ever"], ["30", "30 days"], ["90", "90 days"], ["365", "a year"]].map(([value, text]) => h("option", { value }, text)));
    const boxes = Object.entries({ submit: "Send plays", read: "Read your history", admin: "Everything, for the whole household" }).map(([scope, text]) => h("label.box", {}, h("input", { type: "checkbox", value: scope, checked: scope !== "admin" }), text));
    const place = newsPlace();
    const form = h("form.choosing", { onsubmit: async (event) => {
      event.preventDefault();
      const scopes = boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value);
      if (!scopes.length) return tell(place, "bad", "Choose what it may do.");
      try {
        const made = await send("POST", "tokens", { listener: who.value, scopes, name: name.value.trim(), ...(days.value && { days: Number(days.value) }) });
        place.replaceChildren(h("div.notice.good", {}, h("p", {}, h("b", {}, "Copy it now: it is shown this once."), " Only its hash is kept."), command(made.secret), h("button", { type: "button", onclick: () => tonearm.redraw() }, "I have it")));
      } catch (error) {
        tell(place, "bad", error.message);
      }
    } },
    h("div.row", {}, field("Whose", who), field("What for", name), field("Valid", days)),
    h("fieldset", {}, h("legend", {}, "It may"), boxes),
    h("button.main", {}, "Make a token"));
    return section("A new token", form, place);
  };

  /* ---- Forwarding. */

  async function relays({ signal }) {
    const [found, names] = await Promise.all([api("relays", { signal }), people(signal)]);
    return [
      h("p.soft", {}, "What your players send here can be forwarded to Last.fm, ListenBrainz or another tonearm, in order; after an outage it catches up."),
      found.length > 0 && h("div.cards", {}, found.map(relay)),
      names.length > 0 ? newRelay(names) : quiet("There are no listeners yet: import a history first."),
    ];
  }

  const RELAY = { working: ["good", "working"], retrying: ["bad", "trying again"], paused: ["off", "paused"] };
  const relay = (one) => {
    const base = `relays/${one.number}`;
    const act = (label, path) => withNews(action(label, `${label}…`, () => send("POST", `${base}/${path}`)));
    return card(`${one.listener} → ${SERVICES[one.to] ?? one.to}`,
      h("div.big", {}, one.account), h("p", {}, state(...RELAY[one.state])),
      facts([["Sent", count(one.sent)], ["Waiting", count(one.waiting)], ["Refused", count(one.refused)], ["Address", one.url], one.retry_at && ["Next attempt", relative(one.retry_at)]]),
      one.problem && h("p.wrong", {}, one.problem),
      one.refused > 0 && refusals(one),
      h("div.row", {}, one.state === "paused" ? act("Resume", "resume") : act("Pause", "pause"), (one.waiting > 0 || one.refused > 0) && act("Send again now", "retry")),
      careful("Remove", `Stop forwarding, and drop ${counted(one.waiting, "play")} not sent yet? Your own history stays.`, "Remove", "Removing.", () => send("DELETE", base)));
  };

  const refusals = (one) => {
    const list = h("ul.line", {}, h("li", {}, "…"));
    const shown = question("What it refused", list);
    shown.addEventListener("toggle", async () => {
      if (!shown.open) return;
      try {
        const rows = await api(`relays/${one.number}/refused`);
        list.replaceChildren(...rows.map((row) => h("li", {}, h("span", {}, [row.artist_name ?? row.artist, row.track_name ?? row.track].filter(Boolean).join(" – ")), h("span.soft", {}, row.reason ?? ""))));
      } catch (error) {
        list.replaceChildren(h("li", {}, error.message));
      }
    });
    return shown;
  };

  const newRelay = (names) => {
    const who = h("select", {}, names.map((name) => h("option", { value: name, selected: name === tonearm.listener }, name)));
    const to = h("select", {}, Object.entries({ listenbrainz: "ListenBrainz or another tonearm", lastfm: "Last.fm" }).map(([value, text]) => h("option", { value }, text)));
    const url = h("input", { type: "url", placeholder: "only if it is not the public service", maxlength: 512 });
    const secret = h("input", { type: "password", required: true, autocomplete: "off", maxlength: 4096 });
    const place = newsPlace();
    return section("Forward to another service", h("form.choosing", { onsubmit: async (event) => {
      event.preventDefault();
      try {
        await doing(place, "Checking the token with the other service.", () => send("POST", "relays", { listener: who.value, to: to.value, token: secret.value.trim(), ...(url.value.trim() && { url: url.value.trim() }) }));
        tonearm.redraw();
      } catch (error) {
        tell(place, "bad", error.message);
      }
    } },
    h("div.row", {}, field("Whose plays", who), field("To", to), field("Address", url), field("Token there", secret, "For Last.fm: API key, shared secret and session key, with spaces.")),
    h("button.main", {}, "Start forwarding")), place);
  };

  /* ---- Cards for other people's pages. */

  const EMBED = { now: "What plays now", week: "This week", artists: "Top artists", albums: "Top albums", tracks: "Top tracks", grid: "A grid of albums" };
  const RANGES = [["all", "all time"], ["year", "this year"], ["month", "this month"], ["week", "this week"]];
  const options = (pairs, chosen) => pairs.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
  const inMarkup = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
  const WRITTEN = {
    markdown: ["Markdown", (alt, url) => `![${alt.replace(/[\\[\]]/g, "\\$&")}](${url})`],
    html: ["HTML", (alt, url) => `<img src="${inMarkup(url)}" alt="${inMarkup(alt)}">`],
    bbcode: ["Forum", (_alt, url) => `[img]${url.replace(/\.svg(?=$|\?)/, ".png")}[/img]`],
    address: ["Address", (_alt, url) => url],
  };

  async function embeds({ query, signal }) {
    const who = tonearm.listener;
    if (!who) return [quiet("There are no listeners yet: import a history first.")];
    const found = await api(`listeners/${segment(who)}/cards`, { signal });
    const asked = { theme: query.get("theme") ?? "auto", range: query.get("range") ?? "all", as: query.get("as") ?? "markdown" };
    const choose = (name, label, pairs) => {
      const control = h("select", { onchange: () => { location.hash = tonearm.to(["library", "cards"], { ...asked, [name]: control.value }); } }, options(pairs, asked[name]));
      return field(label, control);
    };
    const isHere = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
    return [
      h("p.soft", {}, "Pictures of what you play, for a README, a forum or a page of your own."),
      section("Who may see them", showing(found),
        isHere && quiet("These addresses reach this machine alone. For others, serve tonearm under a name that they can reach.")),
      section("The cards", h("div.row", {},
        choose("theme", "Theme", [["auto", "as the reader's browser"], ["light", "light"], ["dark", "dark"]]),
        choose("range", "Lists and grid of", RANGES),
        choose("as", "Copy as", Object.entries(WRITTEN).map(([name, [text]]) => [name, text]))),
      h("div.embeds", {}, found.cards.map((path) => embed(path, asked, signal)))),
    ];
  }

  const showing = (found) => {
    const put = (isPublic) => () => send("PUT", `listeners/${segment(found.listener)}/cards`, { is_public: isPublic });
    if (found.is_public) return [h("p", {}, state("good", "public"), " Anybody with the address can see them."), withNews(action("Hide them again", "Hiding them.", put(false)))];
    return [h("p", {}, state("off", "private"), " They need a token, except on this machine."),
      careful("Show them to everybody", `Show these cards of ${found.listener}, and nothing else, to everybody who has an address?`, "Show them", "Showing them.", put(true))];
  };

  const embed = (path, asked, signal) => {
    const [name] = /\w+(?=\.svg$)/.exec(path);
    const hasRange = !["now", "week"].includes(name);
    const query = new URLSearchParams({ ...(name !== "grid" && asked.theme !== "auto" && { theme: asked.theme }), ...(hasRange && asked.range !== "all" && { range: asked.range }) }).toString();
    const at = path.slice(1) + (query && `?${query}`);
    const alt = `${EMBED[name]}: ${tonearm.listener}`;
    const place = h("div.shot", {}, h("p.soft", {}, "…"));
    // A picture's own request would show no token.
    api(at, { signal }).then((svg) => place.replaceChildren(h("img", { src: `data:image/svg+xml,${encodeURIComponent(svg)}`, alt }))).catch((error) => { if (error.name !== "AbortError") place.replaceChildren(quiet(error.message)); });
    const [, written] = WRITTEN[asked.as] ?? WRITTEN.markdown;
    return h("figure.embed", {}, h("figcaption", {}, EMBED[name]), place, command(written(alt, new URL(at, location.href.replace(/[?#].*/, "")).href)));
  };

  /* ---- Zones. */

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

  /* ---- Schedule. */

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

  /* ---- Models. */

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

  /* ---- Backups. */

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

  /* ---- What is under way, above every part: it is there for a reader who comes back, too. */

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
