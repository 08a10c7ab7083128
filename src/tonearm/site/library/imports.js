"use strict";
/* Files that come in, and the ledger of those that came. */
(() => {
  const { h, api, count, counted, section, quiet, question } = tonearm;
  const {
    CATALOGUES, careful, doing, facts, field, newsPlace, pages, people, segment, send, size, sourceName, state, table, tell, when, zoneList,
  } = tonearm.library;

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

  Object.assign(tonearm.library, { imports });
})();
