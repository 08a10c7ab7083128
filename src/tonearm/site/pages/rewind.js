"use strict";
/* Rewind: a year, season, month or week as a story of cards, each a picture to keep. */
(() => {
  const { h, count, counted, capital, span, link, quiet } = tonearm;
  const DAY_MS = 86_400_000;

  /* ---- Words */

  /** "2019", "summer 2019", "March 2019", "week 10, 2019". */
  const titleOf = ({ name, kind, first }) => {
    if (kind === "month") return tonearm.month(first);
    if (kind === "week") return `week ${Number(name.slice(6))}, ${name.slice(0, 4)}`;
    if (kind === "year") return name;
    const season = name.slice(5);
    const years = season === "winter" ? `${name.slice(0, 4)}/${String(Number(name.slice(0, 4)) + 1).slice(2)}` : name.slice(0, 4);
    return `${season} ${years}`;
  };
  const shortTitle = (kind, { name, first }) => {
    if (kind === "month") return tonearm.shortMonthOfYear(first);
    if (kind === "week") return String(Number(name.slice(6)));
    return kind === "year" ? name : capital(name.slice(5));
  };
  const percent = (value) => tonearm.percent(value / 100, 0);
  const times = (n) => (n === 1 ? "once" : n === 2 ? "twice" : `${count(n)} times`);
  const ordinal = (place) => ({ 1: "", 2: "second-", 3: "third-" })[place];

  /* ---- Cards: {name, kicker, label, links, draw(sheet)}; null where there is nothing to tell. */

  const theNumber = ({ totals, before, artists, period }) => {
    const more = [counted(totals.artists, "artist"), counted(totals.tracks, "track"), counted(totals.days, "day")];
    const hours = totals.timed_listens > totals.listens / 2 ? `${counted(Math.round(totals.heard_s / 3600), "hour")} of music` : null;
    const change = before?.listens ? Math.round((100 * (totals.listens - before.listens)) / before.listens) : null;
    const against = change == null ? null : change === 0 ? `As much as the ${period.kind} before` : `${percent(Math.abs(change))} ${change > 0 ? "more" : "less"} than the ${period.kind} before`;
    return {
      id: "number", name: artists[0]?.artist, kicker: `${capital(titleOf(period))} in a number`,
      label: `${counted(totals.listens, "play")}: ${more.join(", ")}. ${against ?? ""}`,
      draw: (s) => {
        const beside = s.isSquare ? 560 : s.inner;
        s.say(count(totals.listens), { size: s.isSquare ? 240 : 340, least: 120, weight: 850, fill: s.colours.accent, after: 0 });
        s.say(totals.listens === 1 ? "play" : "plays", { size: s.isSquare ? 80 : 96, after: s.isSquare ? 20 : 70 });
        for (const line of [...more, hours]) if (line) s.say(line, { size: s.isSquare ? 48 : 66, weight: 650, width: beside, after: 8 });
        if (against) s.say(against, { size: s.isSquare ? 38 : 44, weight: 550, most: 3, width: beside, fill: s.colours.soft, after: 0 });
        if (artists[0] && s.isSquare) s.sleeve(artists[0].artist, s.wide - 430, s.high - 430, 430);
        else if (artists[0]) s.corner(artists[0].artist, 720);
      },
    };
  };

  /** A ranking: the first with a large sleeve, the others below or beside it. */
  const ranked = (id, kicker, all, { title, by, sleeve, label, links }) => {
    // What was played once is no favourite.
    const rows = all.filter((row) => row.listens > 1);
    return rows.length > 0 && {
    id, name: sleeve(rows[0]), kicker, label: `${kicker}: ${rows.map((row, i) => `${i + 1}. ${label(row)}, ${counted(row.listens, "play")}`).join("; ")}.`,
    links: rows.map((row, i) => [i ? ", " : "", links(row)]),
    draw: (s) => {
      const [first, ...others] = rows;
      const big = s.isSquare ? 330 : by ? 500 : 560;
      s.sleeve(sleeve(first), s.edge, s.top, big);
      const beside = s.isSquare ? { x: s.edge + big + 44, width: s.inner - big - 44 } : {};
      let y = s.isSquare ? s.top : s.top + big + 44;
      y = s.put(title(first), { ...beside, y, size: s.isSquare ? 72 : 104, least: 40, most: s.isSquare ? 3 : 2, fill: s.colours.accent }) + 8;
      if (by) y = s.put(by(first), { ...beside, y, size: 46, least: 32, weight: 600, fill: s.colours.ink }) + 8;
      y = s.put(counted(first.listens, "play"), { ...beside, y, size: 42, weight: 600, fill: s.colours.soft });
      const room = Math.max(s.top + big + (s.isSquare ? 36 : 374), y + 36);
      const step = Math.min(s.isSquare ? 112 : 172, (s.bottom - room) / Math.max(4, others.length));
      others.forEach((row, i) => {
        const top = room + step * i, thumb = step - 18;
        s.sleeve(sleeve(row), s.edge, top, thumb);
        const x = s.edge + thumb + 34, width = s.inner - thumb - 34 - 150;
        s.put(title(row), { x, y: top + (by ? 2 : thumb * 0.24), width, size: s.isSquare ? 44 : 54, least: s.isSquare ? 40 : 48, weight: 750 });
        if (by) s.put(by(row), { x, y: top + thumb * 0.56, width, size: s.isSquare ? 30 : 38, least: 26, weight: 500, fill: s.colours.soft });
        s.put(count(row.listens), { x: s.wide - s.edge, y: top + thumb * 0.24, width: 140, size: s.isSquare ? 44 : 54, weight: 750, anchor: "end", fill: s.colours.accent });
      });
    },
    };
  };

  const album = ({ albums, period }) => {
    const [best] = albums;
    return best && {
      id: "album", name: `${best.artist}/${best.album}`, kicker: `Album of ${titleOf(period)}`, isBright: true,
      label: `Your album: ${best.album} by ${best.artist}, ${counted(best.listens, "play")} on ${counted(best.days, "day")}.`,
      links: [link.album(best), " by ", link.artist(best)],
      draw: (s) => {
        const of = `${best.artist}/${best.album}`;
        if (!s.isSquare) {
          s.sleeve(of, s.edge, s.top - 20, 912);
          s.y = s.top + 952;
        }
        s.say(best.album, { size: s.isSquare ? 76 : 104, least: 44, most: 2, after: 4 });
        s.say(best.artist, { size: s.isSquare ? 46 : 62, least: 34, weight: 650, after: 10 });
        s.say(`${counted(best.listens, "play")} of ${counted(best.tracks, "track")}, on ${counted(best.days, "day")}`, { size: 40, least: 30, weight: 550, fill: s.colours.soft });
        if (s.isSquare) s.corner(of, 560);
      },
    };
  };

  const discoveries = ({ discoveries: found, period }) => {
    if (!found.new) return null;
    const rows = found.artists;
    const head = found.is_beginning ? "Where it began" : "Discoveries";
    const kept = found.is_beginning
      ? `This history begins about here: all ${count(found.new)} artists are new to it.`
      : found.kept ? `${count(found.kept)} of them you kept${found.is_too_soon ? " so far" : ""}: you came back after a month or more.` : found.is_too_soon ? "Who stays will show in a month." : "None of them came back after a month.";
    return {
      id: "discoveries", name: rows[0].artist, kicker: `${head}, ${titleOf(period)}`,
      label: `${counted(found.new, "new artist")}. ${kept} ${rows.map((row) => row.artist).join(", ")}.`,
      links: rows.map((row, i) => [i ? ", " : "", link.artist(row)]),
      draw: (s) => {
        s.say(counted(found.new, "new artist"), { size: s.isSquare ? 100 : 140, least: 70, fill: s.colours.accent, most: s.isSquare ? 1 : 2, after: 12 });
        s.say(kept, { size: s.isSquare ? 42 : 54, least: 34, most: 3, weight: 550, after: s.isSquare ? 30 : 60 });
        const n = s.isSquare ? Math.min(4, rows.length) : rows.length;
        const step = Math.min(200, (s.bottom - s.y) / n);
        rows.slice(0, n).forEach((row, i) => {
          const top = s.y + step * i, thumb = step - 22;
          s.sleeve(row.artist, s.edge, top, thumb);
          const x = s.edge + thumb + 36, width = s.inner - thumb - 36;
          s.put(row.artist, { x, y: top + thumb * 0.1, width, size: s.isSquare ? 46 : 62, least: s.isSquare ? 42 : 56, weight: 750 });
          s.put(`first on ${tonearm.date(row.first_day)}${row.is_kept && !found.is_beginning ? ", kept" : ""}`, { x, y: top + thumb * 0.58, width, size: s.isSquare ? 30 : 38, weight: 500, fill: s.colours.soft });
        });
      },
    };
  };

  const clock = ({ hours, totals, period }) => {
    const most = Math.max(...hours);
    const peak = hours.indexOf(most);
    const night = (100 * hours.slice(0, 5).reduce((sum, n) => sum + n, 0)) / totals.listens;
    const evening = (100 * hours.slice(18).reduce((sum, n) => sum + n, 0)) / totals.listens;
    const morning = (100 * hours.slice(5, 12).reduce((sum, n) => sum + n, 0)) / totals.listens;
    const words = night >= 20 ? `${percent(night)} after midnight.` : morning >= 40 ? `${percent(morning)} before noon.` : `${percent(evening)} in the evening.`;
    return {
      id: "clock", name: `clock ${period.name}`, kicker: `Your clock, ${titleOf(period)}`, isBright: true,
      label: `Most plays came between ${tonearm.hour(peak)} and ${tonearm.hour((peak + 1) % 24)}. ${words}`,
      draw: (s) => {
        const outer = s.isSquare ? 270 : 430, inner = outer * 0.34;
        const [cx, cy] = s.isSquare ? [s.wide - s.edge - outer + 20, 560] : [s.wide / 2, s.top + outer + 60];
        s.add("circle", { cx, cy, r: outer, fill: s.colours.faint, opacity: 0.45 });
        hours.forEach((n, hour) => {
          const long = inner + (outer - inner) * Math.sqrt(n / most);
          const [from, to] = [(hour - 0.0) * 15 + 1.2, (hour + 1) * 15 - 1.2].map((degrees) => ((degrees - 90) * Math.PI) / 180);
          const at = (r, angle) => `${(cx + r * Math.cos(angle)).toFixed(1)} ${(cy + r * Math.sin(angle)).toFixed(1)}`;
          if (n) s.add("path", { d: `M${at(inner, from)}L${at(long, from)}A${long} ${long} 0 0 1 ${at(long, to)}L${at(inner, to)}A${inner} ${inner} 0 0 0 ${at(inner, from)}Z`, fill: hour === peak ? s.colours.ink : s.colours.accent });
        });
        for (const hour of [0, 6, 12, 18]) {
          const angle = ((hour * 15 - 90) * Math.PI) / 180, r = inner * 0.68;
          s.put(String(hour), { x: cx + r * Math.cos(angle), y: cy + r * Math.sin(angle) - 22, size: s.isSquare ? 30 : 42, weight: 700, anchor: "middle", width: 90 });
        }
        if (s.isSquare) s.y = 260; else s.y = cy + outer + 70;
        const width = s.isSquare ? s.inner - 2 * outer + 0 : s.inner;
        s.say(`${tonearm.hour(peak)} is your hour`, { size: s.isSquare ? 74 : 110, least: 48, most: s.isSquare ? 4 : 2, width, after: 20 });
        s.say(`${counted(most, "play")} between ${tonearm.hour(peak)} and ${tonearm.hour((peak + 1) % 24)}. ${words}`, { size: s.isSquare ? 38 : 52, least: 30, most: 6, weight: 550, width, fill: s.colours.soft });
      },
    };
  };

  /** All days of the period with their plays. */
  const everyDay = ({ period, days }) => {
    const counts = new Map(days);
    const found = [];
    for (let at = tonearm.dayOf(period.first); at <= tonearm.dayOf(period.last); at = new Date(at.getTime() + DAY_MS)) {
      const day = at.toISOString().slice(0, 10);
      found.push([day, counts.get(day) ?? 0]);
    }
    return found;
  };

  const busiest = (story) => {
    const { busiest: best, period } = story;
    const days = everyDay(story);
    return {
      id: "busiest", name: best.artist ?? "busiest", kicker: `Busiest day, ${titleOf(period)}`,
      label: `The busiest day was ${tonearm.date(best.day)} with ${counted(best.listens, "play")}, ${count(best.of_artist)} of ${best.artist}.`,
      links: [link.day(best.day), ", most of ", link.artist(best)],
      draw: (s) => {
        s.say(tonearm.dayAndMonth(best.day), { size: s.isSquare ? 130 : 190, least: 80, fill: s.colours.accent, after: 16 });
        s.say(`${counted(best.listens, "play")} on one day`, { size: s.isSquare ? 62 : 80, least: 44, weight: 700, most: 2, after: 16 });
        s.say(`${count(best.of_artist)} of them ${best.artist}`, { size: s.isSquare ? 42 : 54, least: 32, weight: 550, most: 2, fill: s.colours.soft, after: 40 });
        const high = s.bottom - s.y - 20, step = s.inner / days.length;
        days.forEach(([day, n], i) => n && s.add("rect", { x: (s.edge + step * i).toFixed(2), y: (s.bottom - (high * n) / best.listens).toFixed(1), width: Math.max(step * (step > 8 ? 0.8 : 1), 2).toFixed(2), height: ((high * n) / best.listens).toFixed(1), fill: day === best.day ? s.colours.accent : s.colours.soft, opacity: day === best.day ? 1 : 0.55 }));
        if (days.length > 31) s.add("rect", { x: s.edge + step * days.findIndex(([day]) => day === best.day) - 3, y: s.bottom - high, width: 8, height: high, fill: s.colours.accent });
      },
    };
  };

  const streak = (story) => {
    const { streak: run, period } = story;
    if (period.kind === "week" || run.days < 3) return null;
    const days = everyDay(story);
    return {
      id: "streak", name: `streak ${period.name}`, kicker: `Longest streak, ${titleOf(period)}`, isBright: true,
      label: `${counted(run.days, "day")} in a row with music, from ${tonearm.date(run.first)} to ${tonearm.date(run.last)}.`,
      links: [link.day(run.first), " to ", link.day(run.last)],
      draw: (s) => {
        s.say(counted(run.days, "day"), { size: s.isSquare ? 180 : 250, least: 100, after: 0 });
        s.say("in a row with music", { size: s.isSquare ? 62 : 84, weight: 700, after: 14 });
        s.say(`${tonearm.dayAndMonth(run.first)} to ${tonearm.dayAndMonth(run.last)}`, { size: 44, weight: 550, fill: s.colours.soft, after: 40 });
        const columns = days.length > 100 ? (s.isSquare ? 37 : 20) : days.length > 31 ? (s.isSquare ? 16 : 10) : (s.isSquare ? 11 : 7);
        const rows = Math.ceil(days.length / columns);
        const cell = Math.min(s.inner / columns, (s.bottom - s.y) / rows);
        days.forEach(([day, n], i) => {
          const [x, y] = [s.edge + cell * (i % columns) + cell / 2, s.y + cell * Math.floor(i / columns) + cell / 2];
          const isRun = day >= run.first && day <= run.last;
          s.add("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: (cell * (isRun ? 0.44 : n ? 0.3 : 0.1)).toFixed(1), fill: isRun ? s.colours.ink : s.colours.accent, opacity: isRun ? 1 : n ? 0.55 : 0.35 });
        });
      },
    };
  };

  const age = ({ age: found, period }) => {
    if (!found || found.median_d == null) return null;
    const { oldest, years } = found;
    const most = Math.max(...years.map(([, n]) => n));
    const long = found.median_d < 1 ? "new" : `${span(found.median_d)} old`;
    const friend = oldest && `Oldest friend: ${oldest.artist}, since ${tonearm.month(oldest.first_day)}.`;
    return {
      id: "age", name: oldest?.artist ?? "age", kicker: `Listening age, ${titleOf(period)}`,
      label: `Your music is ${long} to you: half of the plays are of artists you first heard longer ago. ${friend ?? ""}`,
      links: oldest && ["Oldest friend: ", link.artist(oldest)],
      draw: (s) => {
        s.say("Your music is", { size: s.isSquare ? 56 : 72, weight: 650, after: 0 });
        s.say(long, { size: s.isSquare ? 140 : 190, least: 90, fill: s.colours.accent, after: 0 });
        s.say("to you", { size: s.isSquare ? 56 : 72, weight: 650, after: 18 });
        s.say(`Half of your plays were of artists first heard longer ago than that.${friend ? ` ${friend}` : ""}`, { size: s.isSquare ? 36 : 48, least: 28, most: 4, weight: 550, fill: s.colours.soft, after: 50 });
        const step = s.inner / years.length, high = s.bottom - s.y - 60;
        years.forEach(([year, n], i) => {
          const tall = Math.max(3, (high * n) / most);
          s.add("rect", { x: s.edge + step * i, y: s.bottom - 50 - tall, width: step * 0.84, height: tall, fill: i === years.length - 1 ? s.colours.accent : s.colours.faint });
          if (years.length < 9 || i % 2 === 0 || i === years.length - 1) s.put(`’${String(year).slice(2)}`, { x: s.edge + step * (i + 0.42), y: s.bottom - 36, width: step * 2, size: 34, weight: 600, anchor: "middle", fill: s.colours.soft });
        });
      },
    };
  };

  const TRAITS = {
    exploring: ["Explorer", "You keep looking for music you do not know yet.", (p) => `${percent(p.exploring_pct)} of your plays are of tracks you had not heard for half a year.`],
    repeating: ["Repeater", "You know what you like and play it again.", (p) => `Only ${percent(p.exploring_pct)} of your plays are of tracks you had not heard for half a year.`],
    "after dark": ["Night owl", "Your music is for after dark.", (p) => `${percent(p.after_dark_pct)} of your plays come between 18 and 6 o’clock.`],
    "by day": ["Day listener", "Your music is for the day.", (p) => `Only ${percent(p.after_dark_pct)} of your plays come between 18 and 6 o’clock.`],
    "in bursts": ["Binger", "You listen in bursts.", (p) => `Three days hold ${percent(p.bursts_pct)} of a month’s plays.`],
    steady: ["Steady hand", "A little every day.", (p) => `The three busiest days hold only ${percent(p.bursts_pct)} of a month’s plays.`],
    eclectic: ["Wanderer", "You spread your plays over many artists.", () => "Few artists ever get more than a small share of a month."],
    focused: ["Devotee", "A few artists get most of your time.", () => "A month of yours belongs to a handful of names."],
    loyal: ["Loyalist", "You stay with your artists.", (p) => `${percent(p.loyal_pct)} of your artists’ shares stay the same from month to month.`],
    drifting: ["Drifter", "Every month has other heroes.", (p) => `Only ${percent(p.loyal_pct)} of your artists’ shares stay the same from month to month.`],
  };
  const persona = ({ persona: found, period }) => {
    if (!found?.archetype) return null;
    const traits = found.archetype.split(" and ").map((word) => TRAITS[word]).filter(Boolean);
    const shown = traits.length ? traits : [["All-rounder", "No habit of yours is extreme.", () => "You explore and repeat, by day and by night, about as others do."]];
    const compared = found.compared_with === "household" ? `compared with the ${count(found.compared_listeners)} listeners here` : "compared with simulated listeners, which show the direction";
    const title = shown.map(([name]) => name).join(" & ");
    return {
      id: "persona", name: title, kicker: "Your listening personality", isBright: true,
      label: `${title}. ${shown.map(([, says, number]) => `${says} ${number(found)}`).join(" ")}`,
      draw: (s) => {
        s.say(title, { size: s.isSquare ? 120 : 170, least: 70, most: 3, after: s.isSquare ? 30 : 60 });
        for (const [, says, number] of shown) {
          s.say(says, { size: s.isSquare ? 46 : 62, least: 34, most: 2, weight: 700, after: 4 });
          s.say(number(found), { size: s.isSquare ? 36 : 48, least: 28, most: 3, weight: 550, fill: s.colours.soft, after: s.isSquare ? 18 : 40 });
        }
        s.say(`Your latest ${count(found.months_compared)} months, ${compared}.`, { size: 32, least: 26, most: 3, weight: 500, fill: s.colours.soft });
        s.corner(title, s.isSquare ? 340 : 620);
      },
    };
  };

  /** The strongest fact in words: [what is big, the sentence, what is usual]. */
  const fact = (found, { kind }) => {
    const usual = (text) => `In other ${kind}s it is usually ${text}.`;
    const most = `the ${ordinal(found.place)}most of your ${count(found.of)} ${kind}s`;
    const share = (what) => [percent(found.value), `of your plays were ${what}: the ${ordinal(found.place)}${found.is_highest ? "highest" : "lowest"} share of your ${count(found.of)} ${kind}s.`, usual(percent(found.typical))];
    return {
      listens: () => [count(found.value), `plays, ${most}.`, usual(count(Math.round(found.typical)))],
      artists: () => [count(found.value), `different artists, ${most}.`, usual(count(Math.round(found.typical)))],
      night_pct: () => share("between midnight and 5 o’clock"),
      weekend_pct: () => share("on Saturdays and Sundays"),
      new_pct: () => share("of artists you had never heard before"),
      top_pct: () => share(`of ${found.artist}`),
      repeats: () => [times(found.listens), `you played ${found.track} by ${found.artist} on ${tonearm.date(found.day)}.`, usual(times(Math.round(found.typical)))],
      away_d: () => [span(found.away_d), `after you last heard ${found.artist}, you went back: ${counted(found.listens, "play")}.`, null],
    }[found.measure]();
  };
  const surprise = ({ surprise: found, weekly, period }) => {
    const highlight = weekly?.highlight;
    if (!found && !highlight) return null;
    const [big, sentence, usual] = highlight ? [counted(highlight.listens, "play"), tonearm.highlightInWords(highlight), `On ${counted(highlight.days, "day")} of the week.`] : fact(found, period);
    const who = highlight ?? found;
    return {
      id: "surprise", name: who.artist ?? found.measure, kicker: highlight ? `What stood out, ${titleOf(period)}` : `Unlike other ${period.kind}s`,
      label: `${big}: ${sentence} ${usual ?? ""}`,
      links: who.track_id ? [link.track(who), " by ", link.artist(who)] : who.artist_id ? [link.artist(who)] : null,
      draw: (s) => {
        s.say(big, { size: s.isSquare ? 180 : 240, least: 100, fill: s.colours.accent, after: 24 });
        s.say(sentence, { size: s.isSquare ? 66 : 84, least: 40, most: 6, weight: 700, after: 30 });
        if (usual) s.say(usual, { size: s.isSquare ? 38 : 48, least: 30, most: 2, weight: 550, fill: s.colours.soft });
        s.corner(who.track ? `${who.artist}/${who.track}` : who.artist ?? big, s.isSquare ? 360 : 700);
      },
    };
  };

  const MOST_CARDS = 10;
  const cardsOf = (story) => {
    const where = titleOf(story.period);
    const found = [
      theNumber(story),
      ranked("artists", `Artists of ${where}`, story.artists, { title: (row) => row.artist, sleeve: (row) => row.artist, label: (row) => row.artist, links: (row) => link.artist(row) }),
      ranked("tracks", `Tracks of ${where}`, story.tracks, { title: (row) => row.track, by: (row) => row.artist ?? "", sleeve: (row) => `${row.artist}/${row.track}`, label: (row) => `${row.track} by ${row.artist}`, links: (row) => link.track(row) }),
      album(story), discoveries(story), clock(story), busiest(story), streak(story), age(story), persona(story), surprise(story),
    ].filter(Boolean);
    return found.length > MOST_CARDS ? found.filter((one) => one.id !== "busiest") : found;
  };

  /* ---- The deck */

  const fileOf = (story, card, layout) => `rewind-${story.period.name}-${card.id}-${layout}.png`;
  const keep = async (svg, name) => tonearm.save(await tonearm.png(svg, "#000", 1), name);

  const oneCard = (story, layout) => (card, i, all) => {
    const svg = tonearm.poster({ ...card, name: card.name ?? card.id, layout, isBright: i % 2 === 1 });
    return h("li", { id: `card-${card.id}` }, h("figure.poster-frame", { "aria-label": `Card ${i + 1} of ${all.length}` }, svg,
      h("figcaption", {}, h("span", {}, `${i + 1} / ${all.length}`, card.links && [" · ", card.links]),
        h("span.keep", {},
          h("button", { type: "button", "aria-label": `Share card ${i + 1}`, onclick: () => tonearm.showPicture({ svg: svg.cloneNode(true), name: fileOf(story, card, layout).replace(/\.png$/, ""), text: card.label }) }, "Share"),
          h("button", { type: "button", "aria-label": `Keep card ${i + 1} as PNG`, onclick: () => keep(svg, fileOf(story, card, layout)) }, "PNG")))));
  };

  /** Cards in a row that is swiped, clicked or moved by arrow keys through. */
  const deck = (story, layout) => {
    const items = cardsOf(story).map(oneCard(story, layout));
    const row = h(`ol.deck.${layout}`, { tabindex: 0, "aria-label": "The cards; arrow keys move" }, items);
    const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
    const current = () => items.reduce((best, item, i) => (Math.abs(item.offsetLeft - row.offsetLeft - row.scrollLeft) < Math.abs(items[best].offsetLeft - row.offsetLeft - row.scrollLeft) ? i : best), 0);
    const go = (i) => {
      const item = items[Math.min(Math.max(i, 0), items.length - 1)];
      if (isStill()) item.scrollIntoView();
      else row.scrollTo({ left: item.offsetLeft - row.offsetLeft, behavior: "smooth" });
    };
    row.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const place = step ? current() + step : { Home: 0, End: items.length - 1 }[event.key];
      if (place == null || event.target.closest("button, a") || isStill()) return;
      event.preventDefault();
      go(place);
    });
    row.addEventListener("click", (event) => {
      const item = event.target.closest("svg.poster") && event.target.closest("li");
      if (item && !isStill()) go(items.indexOf(item) === current() ? current() + 1 : items.indexOf(item));
    });
    const button = (text, label, step) => h("button", { type: "button", "aria-label": label, onclick: () => go(current() + step) }, text);
    return [row, h("div.turn", {}, button("←", "The card before", -1), button("→", "The next card", 1))];
  };

  const TITLES = { year: "Years", season: "Seasons", month: "Months", week: "Weeks" };
  const picker = ({ choices, period }, layout) => h("div.periods", {}, Object.entries(choices).filter(([, rows]) => rows.length).map(([kind, rows]) =>
    h("section", {}, h("h2", {}, TITLES[kind]), tonearm.choices(TITLES[kind], rows.map((row) =>
      [shortTitle(kind, row), tonearm.to(["rewind", row.name], { shape: layout === "square" ? "square" : null }), row.name === period.name])))));

  const lead = ({ period, totals, is_over: isOver, artists }) => h("div.lead", {},
    h("h1", {}, `Rewind: ${titleOf(period)}`),
    totals.listens
      ? h("p", {}, `${counted(totals.listens, "play")} in a few cards${isOver ? "" : " so far"}, `, artists[0] ? [link.artist(artists[0]), " first of all."] : "one after the other.")
      : quiet("Nothing was played then. Choose another time below."));

  tonearm.pages.rewind = {
    title: "Rewind",
    nav: 4,
    draw: async ({ parts, query, signal }) => {
      if (!tonearm.listener) return [h("h1", {}, "Rewind"), quiet("Bring in a history first; then every year, season, month and week of it has its story here.")];
      const layout = query.get("shape") === "square" ? "square" : "tall";
      const story = await tonearm.document("rewind", { period: parts[0] }, { signal });
      if (!story.totals.listens) return [lead(story), picker(story, layout)];
      const here = (shape) => tonearm.to(["rewind", story.period.name], { shape });
      return [
        lead(story),
        h("div.tools", {},
          tonearm.choices("Shape of the cards", [["Tall", here(null), layout === "tall"], ["Square", here("square"), layout === "square"]]),
          h("button", { type: "button", onclick: () => print() }, "All as PDF")),
        h("div.story", {}, deck(story, layout)),
        story.weekly && tonearm.cards(tonearm.weeklyCard(story.weekly)),
        picker(story, layout),
      ];
    },
  };
})();
