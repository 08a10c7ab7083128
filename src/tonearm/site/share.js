"use strict";
/* Pictures to send to somebody: of an artist, an album, a track or a genre, and of a week or a month. */
(() => {
  const { h, count, counted, link } = tonearm;

  const fileOf = async ({ svg, name }) => new File([await tonearm.png(svg, "#000", 1)], `${name}.png`, { type: "image/png" });
  /** Whether the reader's system has a sheet to send a picture with; a browser offers it on this machine and over https. */
  const canSend = () => Boolean(navigator.canShare?.({ files: [new File([], "picture.png", { type: "image/png" })] }));
  const canCopy = () => Boolean(navigator.clipboard?.write && window.ClipboardItem);

  /** Show a picture {svg, name, text} large, with what can be done with it: send, copy, keep. */
  tonearm.showPicture = (picture) => {
    const news = h("p.soft", { role: "status" });
    const button = (text, work, kind = "") => h(`button${kind}`, { type: "button", onclick: async () => {
      try {
        news.textContent = (await work()) ?? "";
      } catch (error) {
        if (error.name !== "AbortError") news.textContent = "That did not work here. Keep the picture, and send it from where you keep it.";
      }
    } }, text);
    const send = async () => navigator.share({ files: [await fileOf(picture)], text: picture.text });
    const copy = async () => {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": fileOf(picture) })]);
      return "Copied. Paste it into a message.";
    };
    const keep = async () => { tonearm.save(await fileOf(picture), `${picture.name}.png`); };
    const shown = h("dialog.sharing", { "aria-label": "A picture to share" },
      picture.svg,
      h("div.row", {}, canSend() && button("Send", send, ".main"), canCopy() && button("Copy", copy), button("Keep as PNG", keep), button("Close", () => shown.close())),
      news);
    shown.addEventListener("close", () => shown.remove());
    // Beside the picture is outside, too.
    shown.addEventListener("click", (event) => event.target === shown && shown.close());
    document.body.append(shown);
    shown.showModal();
  };

  /** A button for a picture, which is made when somebody asks for it. */
  tonearm.shareButton = (make, label = "Share as a picture") => h("button.share", { type: "button", onclick: () => tonearm.showPicture(make()) }, label);

  /* ---- What is on them: only what the page beside them shows. */

  const fileName = (text) => `tonearm-${tonearm.fileName(text)}`;
  const KIND = { artist: "My artist", album: "My album", track: "My track", genre: "My genre" };

  /** The picture of a page {kind, totals, rank, first}: how often, since when, and which place among all of its kind. */
  tonearm.pictureOf = (kind, doc, sleeve, rank) => {
    const name = doc[kind] ?? `${kind} without a name`;
    const by = kind === "album" || kind === "track" ? doc.artist : null;
    const since = doc.totals.listens === 1 ? `on ${tonearm.date(doc.first.at_local)}` : `since ${tonearm.month(doc.first.at_local)}`;
    const placed = rank.replace(/\byour\b/, "my");
    const text = `${name}${by ? ` by ${by}` : ""}: ${counted(doc.totals.listens, "play")} ${since}; ${placed}.`;
    const svg = tonearm.poster({
      layout: "square", name: sleeve, kicker: KIND[kind], label: text,
      draw: (s) => {
        const big = 330, beside = { x: s.edge + big + 44, width: s.inner - big - 44 };
        s.sleeve(sleeve, s.edge, s.top, big);
        let y = s.put(name, { ...beside, y: s.top, size: 92, least: 40, most: 3, fill: s.colours.ink });
        if (by) y = s.put(by, { ...beside, y: y + 10, size: 44, least: 30, weight: 600, fill: s.colours.soft });
        s.y = Math.max(s.top + big, y) + 44;
        s.say(count(doc.totals.listens), { size: 210, least: 90, weight: 850, fill: s.colours.accent, after: 0 });
        s.say(`${doc.totals.listens === 1 ? "play" : "plays"} ${since}`, { size: 52, weight: 700, after: 12 });
        s.say(tonearm.capital(placed), { size: 42, least: 30, weight: 550, most: 2, fill: s.colours.soft });
      },
    });
    return { svg, text, name: fileName(name) };
  };

  /** The picture of some days with their plays and first artists, `title` in words. */
  tonearm.pictureOfDays = (title, { listens, artists_heard: heard, artists }) => {
    const text = `${title}: ${counted(listens, "play")}, ${counted(heard, "artist")}, most of ${artists.slice(0, 3).map((row) => row.artist).join(", ")}.`;
    const svg = tonearm.poster({
      layout: "square", name: artists[0].artist, kicker: title, label: text,
      draw: (s) => {
        s.say(counted(listens, "play"), { size: 150, least: 80, weight: 850, fill: s.colours.accent, after: 4 });
        s.say(counted(heard, "artist"), { size: 48, weight: 600, fill: s.colours.soft, after: 30 });
        const rows = artists.slice(0, 3), step = Math.min(170, (s.bottom - s.y) / rows.length);
        rows.forEach((row, i) => {
          const top = s.y + step * i, thumb = step - 24;
          s.sleeve(row.artist, s.edge, top, thumb);
          const x = s.edge + thumb + 36;
          s.put(row.artist, { x, y: top + thumb * 0.12, width: s.wide - s.edge - x, size: 52, least: 34, weight: 750 });
          if (row.listens) s.put(counted(row.listens, "play"), { x, y: top + thumb * 0.6, width: s.wide - s.edge - x, size: 36, weight: 500, fill: s.colours.soft });
        });
      },
    });
    return { svg, text, name: fileName(title) };
  };

  /** Small rows of artists with their sleeves, for a card. */
  tonearm.firstArtists = (rows) => h("ol.firsts", { role: "list" }, rows.map((row) => h("li", {},
    tonearm.sleeve(row.artist, 36), h("span.name", {}, link.artist(row)), row.listens != null && h("span.n", {}, count(row.listens), h("span.unseen", {}, row.listens === 1 ? " play" : " plays")))));
})();
