#include "dataset/report_data.h"

#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "dataset/verify_index.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/stages/curate.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kShownKeys = 3;
constexpr std::size_t kMostGroups = 1000;

/// The text with its numbers taken out: reasons that differ in measured values only are one. A list
/// of numbers or ranges ("0-10, 20-32") counts as one number.
std::string without_numbers(const std::string& text) {
  const auto digit = [&](std::size_t at) {
    return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
  };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!digit(i)) {
      result += text[i];
      continue;
    }
    while (true) {
      const std::string_view rest = std::string_view(text).substr(i + 1);
      const std::size_t joint = rest.starts_with(", ")                                ? 2
                                : !rest.empty() && (rest[0] == '.' || rest[0] == '-') ? 1
                                                                                      : 0;
      if (!digit(i + 1 + joint)) break;
      i += 1 + joint;
    }
    result += '#';
  }
  return result;
}

class Groups {
 public:
  void add(const std::string& stage, const std::string& reason_class, const std::string& example,
           const std::string& key) {
    std::string name = stage + "\n" + reason_class;
    if (groups_.size() >= kMostGroups && !groups_.contains(name)) name = stage + "\n";
    ReasonGroup& group = groups_[name];
    ++group.count;
    group.stage = stage;
    if (group.example.empty()) group.example = example;
    const bool shown = std::find(group.keys.begin(), group.keys.end(), key) != group.keys.end();
    if (!shown && group.keys.size() < kShownKeys) group.keys.push_back(key);
  }

  std::vector<ReasonGroup> sorted() {
    std::vector<ReasonGroup> list;
    for (auto& [name, group] : groups_) list.push_back(std::move(group));
    std::stable_sort(list.begin(), list.end(),
                     [](const ReasonGroup& a, const ReasonGroup& b) { return a.count > b.count; });
    return list;
  }

 private:
  std::map<std::string, ReasonGroup> groups_;
};

/// Keeps some samples of each task: those whose keys' digests come first, which is a fair and
/// repeatable draw.
class Draw {
 public:
  explicit Draw(std::size_t most) : most_(most) {}

  void add(const SampleRecord& record) {
    auto& drawn = by_task_[record.instruction.task];
    drawn.emplace(sha256_hex(record.key), record);
    if (drawn.size() > most_) drawn.erase(std::prev(drawn.end()));
  }

  /// In turn from each task, so that rare tasks are shown too.
  std::vector<SampleRecord> take() {
    std::vector<SampleRecord> records;
    for (bool any = true; any && records.size() < most_;) {
      any = false;
      for (auto& [task, drawn] : by_task_) {
        if (drawn.empty() || records.size() >= most_) continue;
        records.push_back(std::move(drawn.begin()->second));
        drawn.erase(drawn.begin());
        any = true;
      }
    }
    return records;
  }

 private:
  std::size_t most_;
  std::map<stages::Task, std::map<std::string, SampleRecord>> by_task_;
};

class Gatherer {
 public:
  Gatherer(const fs::path& out, std::size_t most_examples) : out_(out), draw_(most_examples) {}

  ReportData gather() {
    read_run();
    read_clips();
    read_drops();
    data_.files = static_cast<std::int64_t>(sources_.size());
    data_.dropped_files = std::count_if(sources_.begin(), sources_.end(),
                                        [](const auto& source) { return !source.second; });
    LineReader samples(out_ / "samples.jsonl");
    for (std::string line; samples.next(line);) {
      try {
        add(sample_from_json(parse_json(line, "this line")));
      } catch (const Error& e) {
        throw Error(ErrorKind::kInput, samples.where() + ": " + e.what());
      }
    }
    count_shards();
    data_.rejects = rejects_.sorted();
    data_.quarantines = quarantines_.sorted();
    data_.drops = drops_.sorted();
    data_.examples = draw_.take();
    set_thresholds();
    return std::move(data_);
  }

 private:
  void read_run() {
    if (const auto text = read_file_if_exists(out_ / "run.json")) {
      data_.run = parse_json(*text, printable(out_ / "run.json"));
    }
  }

  void read_clips() {
    if (!fs::exists(out_ / "clips.jsonl")) return;
    LineReader reader(out_ / "clips.jsonl");
    for (std::string line; reader.next(line);) {
      const auto clip = stages::clip_record_from_json(parse_json(line, reader.where()));
      sources_[clip.source_path] = true;
      ++data_.clips;
    }
  }

  void read_drops() {
    if (!fs::exists(out_ / "clips.dropped.jsonl")) return;
    LineReader reader(out_ / "clips.dropped.jsonl");
    for (std::string line; reader.next(line);) {
      const stages::Drop drop = stages::drop_from_json(parse_json(line, reader.where()));
      sources_.try_emplace(drop.source_path, false);
      drops_.add(drop.reason, "", drop.detail, drop.source_path);
    }
  }

  void add(const SampleRecord& record) {
    OutcomeCounts& task = data_.tasks[std::string(stages::name_of(record.instruction.task))];
    const bool accepted = record.outcome == "accepted";
    const bool rejected = record.outcome == "rejected";
    for (OutcomeCounts* counts : {&task, &data_.outcomes}) {
      ++(accepted ? counts->accepted : rejected ? counts->rejected : counts->quarantined);
    }
    for (const auto& [stage, seconds] : record.seconds) {
      StageCost& cost = data_.costs[stage];
      cost.seconds += seconds;
      ++cost.samples;
    }
    data_.edited += passed(record, "edit") ? 1 : 0;
    data_.gated += passed(record, "gate") ? 1 : 0;
    data_.generated += passed(record, "generate") ? 1 : 0;
    if (accepted) {
      draw_.add(record);
      data_.accepted_seconds += seconds_of_video(record);
    } else {
      (rejected ? rejects_ : quarantines_)
          .add(record.stage, without_numbers(record.reason), record.reason, record.key);
    }
    add_scores(record, accepted);
  }

  /// Whether a sample got through a stage.
  static bool passed(const SampleRecord& record, const std::string& stage) {
    if (record.outcome == "accepted") return true;
    const auto& order = stage_order();
    const auto ended = std::find(order.begin(), order.end(), record.stage);
    return ended != order.end() && ended > std::find(order.begin(), order.end(), stage);
  }

  static double seconds_of_video(const SampleRecord& record) {
    try {
      const double rate = rate_of(record.clip.at("fps")).value();
      return rate > 0 ? record.clip.at("frames").get<double>() / rate : 0;
    } catch (const nlohmann::json::exception&) {
      return 0;
    }
  }

  void add_scores(const SampleRecord& record, bool accepted) {
    if (!record.scores.is_array()) return;
    for (const nlohmann::json& score : record.scores) {
      if (!score.is_object() || !score.contains("criterion")) continue;
      ScoreHistogram& histogram = data_.scores[score.at("criterion").get<std::string>()];
      const auto value = score.find("value");
      if (value == score.end() || !value->is_number()) {
        ++histogram.unscored;
        continue;
      }
      const double clamped = std::clamp(value->get<double>(), 1.0, 10.0);
      const auto bin = static_cast<std::size_t>(
          std::min((clamped - 1) * 2, static_cast<double>(ScoreHistogram::kBins - 1)));
      ++(accepted ? histogram.accepted : histogram.rejected)[bin];
      if (!accepted) continue;
      histogram.accepted_sum += value->get<double>();
      ++histogram.accepted_count;
    }
  }

  void set_thresholds() {
    if (!data_.run.is_object() || !data_.run.contains("config")) return;
    const nlohmann::json judge = data_.run["config"].value("judge", nlohmann::json::object());
    for (auto& [criterion, histogram] : data_.scores) {
      const auto found = judge.find("min_" + criterion);
      if (found != judge.end() && found->is_number()) histogram.threshold = found->get<double>();
    }
  }

  void count_shards() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(out_ / "shards", error)) {
      if (entry.path().extension() != ".tar" || number_of(entry.path().stem().string()) < 0)
        continue;
      ++data_.shards;
      data_.shard_bytes += entry.file_size(error);
    }
  }

  const fs::path& out_;
  ReportData data_;
  Draw draw_;
  std::map<std::string, bool> sources_;  ///< path to whether it gave a clip
  Groups rejects_, quarantines_, drops_;
};

}  // namespace

const std::vector<std::string>& stage_order() {
  static const std::vector<std::string> order = {"decode",   "instruct", "edit",  "gate",
                                                 "generate", "enhance",  "judge", "encode"};
  return order;
}

ReportData gather_report(const fs::path& out, std::size_t most_examples) {
  return Gatherer(out, most_examples).gather();
}

}  // namespace ditto::dataset
