#include "ditto/dataset/report.h"

#include <future>
#include <thread>

#include "dataset/report_data.h"
#include "dataset/report_examples.h"
#include "dataset/report_style.h"
#include "dataset/verify_index.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostExamples = 12;
constexpr std::size_t kMostRows = 20;

std::string html(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

/// 1234567 as 1 234 567, with thin spaces.
std::string grouped(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), "\u202f");
  }
  return text;
}

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

std::string percent(double part, double whole) {
  if (whole <= 0) return "–";
  const double value = 100 * part / whole;
  return value > 0 && value < 0.1 ? "< 0.1 %" : fmt::format("{:.1f} %", value);
}

std::string duration(double seconds) {
  if (seconds < 10) return fmt::format("{:.2g} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string bytes_text(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value < 1e6) return fmt::format("{:.0f} kB", value / 1e3);
  if (value < 1e9) return fmt::format("{:.1f} MB", value / 1e6);
  return fmt::format("{:.1f} GB", value / 1e9);
}

std::string readable(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string tile(const std::string& value, const std::string& label) {
  return fmt::format("<div class=\"card tile\"><b>{}</b><span>{}</span></div>\n", value, label);
}

std::string tiles(const ReportData& data) {
  double seconds = 0;
  for (const auto& [stage, cost] : data.costs) seconds += cost.seconds;
  const auto accepted = static_cast<double>(data.outcomes.accepted);
  std::string text = "<div class=\"tiles\">\n";
  text += tile(grouped(data.outcomes.accepted), "accepted samples");
  text += tile(percent(accepted, static_cast<double>(data.outcomes.sum())),
               fmt::format("of {} planned", grouped(data.outcomes.sum())));
  text += tile(grouped(data.outcomes.quarantined), "quarantined");
  text += tile(data.outcomes.accepted > 0 ? duration(seconds / accepted) : "–",
               "computing per accepted sample");
  text += tile(duration(data.accepted_seconds), "of edited video");
  text += tile(bytes_text(data.shard_bytes), fmt::format("in {} {}", grouped(data.shards),
                                                         data.shards == 1 ? "shard" : "shards"));
  return text + "</div>\n";
}

std::string funnel(const ReportData& data) {
  struct Step {
    std::string label;
    std::int64_t count;
    std::string note;
  };
  const auto of = [](std::int64_t part, std::int64_t whole) {
    return percent(static_cast<double>(part), static_cast<double>(whole));
  };
  const auto per = [](std::int64_t part, std::int64_t whole, const char* what) {
    return whole == 0 ? std::string("–")
                      : fmt::format("{:.1f} per {}",
                                    static_cast<double>(part) / static_cast<double>(whole), what);
  };
  const std::int64_t planned = data.outcomes.sum();
  const std::vector<Step> steps = {
      {"source files", data.files, fmt::format("{} without a clip", grouped(data.dropped_files))},
      {"clips", data.clips, per(data.clips, data.files, "file")},
      {"instructions", planned, per(planned, data.clips, "clip")},
      {"key frame edited", data.edited, of(data.edited, planned)},
      {"passed the gate", data.gated, of(data.gated, data.edited)},
      {"video generated", data.generated, of(data.generated, data.gated)},
      {"accepted", data.outcomes.accepted, of(data.outcomes.accepted, data.generated)},
  };
  std::int64_t most = 1;
  for (const Step& step : steps) most = std::max(most, step.count);
  std::string text =
      "<h2>From files to samples</h2>\n<p class=\"note\">What each step let through; percentages "
      "are "
      "of the step before.</p>\n<div class=\"card bars\">\n";
  for (const Step& step : steps) {
    text += fmt::format(
        "<span>{}</span><span class=\"track\"><span class=\"fill\" style=\"width:{:.2f}%\"></span>"
        "</span><span class=\"num\">{}</span><span class=\"num quiet\">{}</span>\n",
        step.label, 100 * ratio(static_cast<double>(step.count), static_cast<double>(most)),
        grouped(step.count), step.note);
  }
  return text + "</div>\n";
}

std::string costs(const ReportData& data) {
  if (data.costs.empty()) return {};
  std::vector<std::pair<std::string, StageCost>> list;
  for (const std::string& stage : stage_order()) {
    if (const auto found = data.costs.find(stage); found != data.costs.end())
      list.push_back(*found);
  }
  for (const auto& cost : data.costs) {
    const auto& order = stage_order();
    if (std::find(order.begin(), order.end(), cost.first) == order.end()) list.push_back(cost);
  }
  double total = 0, most = 0;
  for (const auto& [stage, cost] : list) {
    total += cost.seconds;
    most = std::max(most, cost.seconds);
  }
  const auto accepted = static_cast<double>(data.outcomes.accepted);
  const auto row = [&](const std::string& label, double seconds, std::int64_t samples, bool bar) {
    return fmt::format(
        "<tr><td>{}</td><td class=\"grow\">{}</td><td class=\"num\">{}</td><td "
        "class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
        label,
        bar ? fmt::format("<div class=\"share\"><span class=\"fill\" "
                          "style=\"background:var(--accent);width:{:.2f}%\"></span></div>",
                          100 * ratio(seconds, most))
            : "",
        accepted > 0 ? duration(seconds / accepted) : "–",
        samples > 0 ? duration(seconds / static_cast<double>(samples)) : "", duration(seconds),
        percent(seconds, total));
  };
  std::string text =
      "<h2>Cost by stage</h2>\n<p class=\"note\">Seconds of computing, summed over every sample "
      "that "
      "was tried and divided by those accepted; curation is not counted. The time of a rejected "
      "sample is part of the price of an accepted one.</p>\n<div class=\"card "
      "scroll\"><table>\n<tr><th>stage</th><th></th><th class=\"num\">per accepted</th><th "
      "class=\"num\">per try</th><th class=\"num\">in all</th><th class=\"num\">share</th></tr>\n";
  for (const auto& [stage, cost] : list) {
    text += row(html(stage), cost.seconds, cost.samples, true);
  }
  text += row("<b>all</b>", total, 0, false);
  return text + "</table></div>\n";
}

std::string legend(const std::vector<std::pair<const char*, const char*>>& entries) {
  std::string text = "<div class=\"legend\">";
  for (const auto& [colour, label] : entries) {
    text += fmt::format("<span><i style=\"background:var(--{})\"></i>{}</span>", colour, label);
  }
  return text + "</div>\n";
}

std::string outcomes(const ReportData& data) {
  std::string text =
      "<h2>Outcome by task</h2>\n<div class=\"card scroll\"><table>\n<tr><th>task</th><th></th><th "
      "class=\"num\">planned</th><th class=\"num\">accepted</th><th class=\"num\">rejected</th><th "
      "class=\"num\">quarantined</th><th class=\"num\">yield</th></tr>\n";
  const auto row = [](const std::string& label, const OutcomeCounts& counts) {
    const auto whole = static_cast<double>(counts.sum());
    const auto part = [&](const char* kind, std::int64_t count) {
      return fmt::format("<span class=\"fill {}\" style=\"{}width:{:.2f}%\"></span>", kind,
                         *kind == '\0' ? "background:var(--accent);" : "",
                         100 * ratio(static_cast<double>(count), whole));
    };
    return fmt::format(
        "<tr><td style=\"white-space:nowrap\">{}</td><td class=\"grow\"><div "
        "class=\"share\">{}{}{}</div></td><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
        "class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
        label, part("", counts.accepted), part("reject", counts.rejected),
        part("quarantine", counts.quarantined), grouped(counts.sum()), grouped(counts.accepted),
        grouped(counts.rejected), grouped(counts.quarantined),
        percent(static_cast<double>(counts.accepted), whole));
  };
  for (const auto& [task, counts] : data.tasks) text += row(html(readable(task)), counts);
  text += row("<b>all</b>", data.outcomes);
  return text + "</table>\n" +
         legend({{"accent", "accepted"}, {"reject", "rejected"}, {"quarantine", "quarantined"}}) +
         "</div>\n";
}

std::string histogram(const std::string& criterion, const ScoreHistogram& scores) {
  constexpr double kWidth = 270, kHeight = 120, kLeft = 6, kBase = 102, kTop = 8;
  constexpr double kStep = (kWidth - 2 * kLeft) / ScoreHistogram::kBins;
  std::int64_t most = 1;
  for (std::size_t i = 0; i < ScoreHistogram::kBins; ++i) {
    most = std::max(most, scores.accepted[i] + scores.rejected[i]);
  }
  const auto height = [&](std::int64_t count) {
    return (kBase - kTop) * static_cast<double>(count) / static_cast<double>(most);
  };
  const auto x_of = [&](double score) { return kLeft + (score - 1) * 2 * kStep; };
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} scores\">",
                                kWidth, kHeight, html(criterion));
  for (std::size_t i = 0; i < ScoreHistogram::kBins; ++i) {
    const double low = height(scores.accepted[i]), high = height(scores.rejected[i]);
    const double x = kLeft + static_cast<double>(i) * kStep + 1;
    const auto bar = [&](double y, double h, const char* colour) {
      if (h <= 0) return;
      svg += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
          "style=\"fill:var(--{})\"/>",
          x, y, kStep - 2, h, colour);
    };
    bar(kBase - low, low, "accent");
    bar(kBase - low - high, high, "reject");
  }
  svg += fmt::format(
      "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2}\" y2=\"{2}\" style=\"stroke:var(--line)\"/>", kLeft,
      kWidth - kLeft, kBase);
  for (const int label : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x_of(label),
                       kBase + 13, label);
  }
  if (scores.threshold) {
    const double x = x_of(*scores.threshold);
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"2\" y2=\"{1}\" "
        "style=\"stroke:var(--ink);stroke-dasharray:3 3;opacity:.7\"/>",
        x, kBase);
  }
  svg += "</svg>";
  std::string about;
  if (scores.accepted_count > 0) {
    about = fmt::format("accepted: mean {:.1f}",
                        scores.accepted_sum / static_cast<double>(scores.accepted_count));
  }
  if (scores.threshold) {
    about += fmt::format("{}minimum {:g}", about.empty() ? "" : " · ", *scores.threshold);
  }
  if (scores.unscored > 0) {
    about += fmt::format("{}{} not scored", about.empty() ? "" : " · ", grouped(scores.unscored));
  }
  return fmt::format("<div class=\"card\"><h3>{}</h3><span class=\"quiet\">{}</span>{}</div>\n",
                     html(readable(criterion)), about, svg);
}

std::string scores(const ReportData& data) {
  if (data.scores.empty()) return {};
  std::vector<std::string> order = {"instruction", "source", "quality", "temporal", "safety"};
  for (const auto& [criterion, scored] : data.scores) {
    if (std::find(order.begin(), order.end(), criterion) == order.end()) order.push_back(criterion);
  }
  std::string plots;
  std::vector<std::string> unscored;
  for (const std::string& criterion : order) {
    const auto found = data.scores.find(criterion);
    if (found == data.scores.end()) continue;
    const ScoreHistogram& scored = found->second;
    const auto empty = [](const auto& bins) {
      return std::all_of(bins.begin(), bins.end(), [](std::int64_t count) { return count == 0; });
    };
    if (empty(scored.accepted) && empty(scored.rejected)) {
      unscored.push_back(html(readable(criterion)));
    } else {
      plots += histogram(criterion, scored);
    }
  }
  std::string text =
      "<h2>Scores</h2>\n<p class=\"note\">The judge's scores from 1 to 10 over all samples that "
      "reached it. The dashed line is the config's minimum.";
  if (!unscored.empty()) {
    text += fmt::format(" Not scored: {}.", fmt::join(unscored, ", "));
  }
  return text + "</p>\n<div class=\"hists\">\n" + plots + "</div>\n" +
         legend({{"accent", "accepted"}, {"reject", "rejected"}});
}

std::string reasons(const std::string& title, const std::string& note, const std::string& first,
                    const std::string& keys_title, const std::vector<ReasonGroup>& groups) {
  if (groups.empty()) return {};
  std::string text = fmt::format(
      "<h2>{}</h2>\n<p class=\"note\">{}</p>\n<div class=\"card scroll\"><table>\n<tr><th "
      "class=\"num\">count</th><th>{}</th><th>for example</th><th>{}</th></tr>\n",
      title, note, first, keys_title);
  std::int64_t others = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i >= kMostRows) {
      others += groups[i].count;
      continue;
    }
    std::string keys;
    for (const std::string& key : groups[i].keys) {
      keys += fmt::format("<div class=\"mono\">{}</div>", html(key));
    }
    text += fmt::format(
        "<tr><td class=\"num\">{}</td><td style=\"white-space:nowrap\">{}</td><td "
        "class=\"say\">{}</td>"
        "<td>{}</td></tr>\n",
        grouped(groups[i].count), html(readable(groups[i].stage)), html(groups[i].example), keys);
  }
  if (others > 0) {
    text += fmt::format(
        "<tr><td class=\"num\">{}</td><td colspan=\"3\" class=\"quiet\">with {} other reasons; "
        "samples.jsonl and clips.dropped.jsonl have them all</td></tr>\n",
        grouped(others), groups.size() - kMostRows);
  }
  return text + "</table></div>\n";
}

std::string example(const fs::path& out, const SampleRecord& record) {
  std::string frames;
  try {
    const ExampleFrames found = example_frames(out, record);
    frames = "<div class=\"frames\"><span></span>";
    for (const auto& moment : found.moments) {
      frames += fmt::format("<span class=\"top\">{}</span>", moment.label);
    }
    const auto row = [&](const char* side, auto field) {
      frames += fmt::format("<span class=\"side\">{}</span>", side);
      for (const auto& moment : found.moments) {
        frames += fmt::format("<img alt=\"{}, {}\" width=\"{}\" height=\"{}\" src=\"{}\">", side,
                              moment.label, found.width, found.height, moment.*field);
      }
    };
    row("source", &ExampleFrames::Moment::source);
    row("edited", &ExampleFrames::Moment::edited);
    frames += "</div>";
  } catch (const Error& e) {
    frames = fmt::format("<p class=\"quiet\">Its frames can't be shown: {}</p>", html(e.what()));
  }
  std::string marks;
  if (record.scores.is_array()) {
    for (const nlohmann::json& score : record.scores) {
      const auto value = score.find("value");
      if (value == score.end() || !value->is_number()) continue;
      marks +=
          fmt::format(" · {} {:.1f}", html(score.value("criterion", "")), value->get<double>());
    }
  }
  return fmt::format(
      "<div class=\"card example\"><p class=\"say\">{}</p><span class=\"badge\">{}</span> <span "
      "class=\"quiet mono\">{}</span>{}<span class=\"quiet\" "
      "style=\"font-size:13px\">{}</span></div>\n",
      html(record.instruction.text),
      html(readable(std::string(stages::name_of(record.instruction.task)))), html(record.key),
      frames, marks.empty() ? marks : marks.substr(std::string_view(" · ").size()));
}

/// One card per record, in their order. Decoding is what a report takes its time for, so each core
/// does a part.
std::vector<std::string> example_cards(const fs::path& out,
                                       const std::vector<SampleRecord>& records) {
  std::vector<std::string> cards(records.size());
  std::vector<std::future<void>> parts;
  const std::size_t step = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1,
                                                   std::max<std::size_t>(1, records.size()));
  for (std::size_t first = 0; first < step; ++first) {
    parts.push_back(std::async(std::launch::async, [&, first] {
      for (std::size_t i = first; i < records.size(); i += step)
        cards[i] = example(out, records[i]);
    }));
  }
  for (auto& part : parts) part.get();
  return cards;
}

std::string examples(const fs::path& out, const ReportData& data) {
  if (data.examples.empty()) return {};
  std::string text = fmt::format(
      "<h2>Examples</h2>\n<p class=\"note\">{} of the {} accepted samples, drawn by chance from "
      "every "
      "task in turn.</p>\n<div class=\"examples\">\n",
      data.examples.size(), grouped(data.outcomes.accepted));
  for (const std::string& one : example_cards(out, data.examples)) text += one;
  return text + "</div>\n";
}

std::string text_at(const nlohmann::json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string one_run(const nlohmann::json& run) {
  std::string text;
  const auto entry = [&](const char* label, const std::string& value) {
    if (!value.empty()) {
      text += fmt::format("<dt>{}</dt><dd class=\"mono\">{}</dd>", label, html(value));
    }
  };
  entry("ditto", text_at(run, "version"));
  entry("config fingerprint", text_at(run, "fingerprint"));
  if (const std::string limit = text_at(run, "limit"); limit != "0") entry("limit of clips", limit);
  if (const auto libraries = run.find("libraries");
      libraries != run.end() && libraries->is_object()) {
    for (const auto& [name, version] : libraries->items()) {
      entry(html(name).c_str(), version.is_string() ? version.get<std::string>() : version.dump());
    }
  }
  if (const auto weights = run.find("weights"); weights != run.end() && weights->is_object()) {
    for (const auto& [stage, digest] : weights->items()) {
      entry(html("weights of " + stage).c_str(), text_at(*weights, stage.c_str()));
    }
  }
  text = "<dl>" + text + "</dl>";
  if (const auto config = run.find("config"); config != run.end()) {
    text += fmt::format(
        "<details><summary>the whole config</summary><pre class=\"mono\">{}</pre></details>",
        html(config->dump(2)));
  }
  return text;
}

std::string run_info(const ReportData& data) {
  if (!data.run.is_object()) return {};
  std::string text = "<h2>How it was made</h2>\n";
  const auto joined = data.run.find("joined");
  if (joined == data.run.end() || !joined->is_array()) {
    return text + "<div class=\"card\">" + one_run(data.run) + "</div>\n";
  }
  text += fmt::format("<p class=\"note\">{} output directories were joined.</p>\n", joined->size());
  for (const nlohmann::json& part : *joined) {
    if (!part.is_object() || !part.contains("run")) continue;
    text += fmt::format(
        "<div class=\"card\" style=\"margin-bottom:12px\"><p class=\"mono\">{}</p>{}</div>\n",
        html(text_at(part, "directory")), one_run(part["run"]));
  }
  return text;
}

}  // namespace

std::string make_report(const fs::path& out) {
  const ReportData data = gather_report(out, kMostExamples);
  const fs::path absolute = fs::absolute(out).lexically_normal();
  const std::string name = html(
      printable(absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename()));
  std::string page = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<title>{} – ditto report</title>\n"
      "<style>{}</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n<p class=\"note\" "
      "style=\"margin-bottom:0\">Triples of source clip, instruction and edited clip, made by "
      "ditto.</p>\n",
      name, kReportStyle, name);
  page += tiles(data);
  page += funnel(data);
  page += examples(out, data);
  page += costs(data);
  page += outcomes(data);
  page += scores(data);
  page +=
      reasons("Rejected samples",
              "By the stage that rejected them. Reasons that differ only in the measured numbers "
              "are counted together.",
              "stage", "keys", data.rejects);
  page += reasons("Quarantined samples",
                  "Samples that an error kept from an outcome. <span class=\"mono\">ditto "
                  "explain</span> tells more about a key.",
                  "stage", "keys", data.quarantines);
  page += reasons("What became no clip", "Files, and pieces of files, that curation dropped.",
                  "reason", "sources", data.drops);
  page += run_info(data);
  return page + "</main>\n</body>\n</html>\n";
}

void write_report(const fs::path& out) {
  if (!fs::is_directory(out)) {
    throw Error(ErrorKind::kUsage, fmt::format("{}: no such directory", printable(out)));
  }
  if (!fs::exists(out / "samples.jsonl")) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} has no samples.jsonl: `ditto run` or `ditto merge` makes it",
                            printable(out)));
  }
  write_file(out / "report.html", make_report(out));
}

}  // namespace ditto::dataset
