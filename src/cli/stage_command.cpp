#include "cli/commands.h"
#include "cli/config_options.h"
#include "cli/machine.h"
#include "cli/output.h"
#include "cli/stage_files.h"
#include "cli/start_up.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/media/flow.h"
#include "ditto/media/media.h"
#include "ditto/stages/curate.h"
#include "ditto/stages/edit.h"
#include "ditto/stages/enhance.h"
#include "ditto/stages/generate.h"
#include "ditto/stages/instruct.h"
#include "ditto/stages/judge.h"

namespace ditto::cli {
namespace {

namespace fs = std::filesystem;

/// The options of one stage. Each stage uses those that it adds.
struct StageOptions {
  ConfigOptions config;
  std::string backend;
  std::string video, image, edited, keyframe, mask, instruction, output, mask_output, preset;
  std::string overlay;
  int keyframe_index = -1;              ///< -1: not given
  std::vector<int> keyframe_indices;    ///< of generate, which takes several
  std::vector<std::string> keyframes;   ///< their pictures
  std::vector<std::string> candidates;  ///< edited videos, of judge
  bool list = false;
  bool json = false;
  int count = 0;
  int crf = -1;          ///< -1: output.crf
  double strength = -1;  ///< -1: enhance.strength
};
using Options = std::shared_ptr<StageOptions>;
using Work = void (*)(const StageOptions&, const config::Config&);

/// A subcommand of `stage` that loads its config, starts computing and works.
CLI::App* add_stage(CLI::App& parent, int& status, const std::string& name, const char* about,
                    Options options, Work work) {
  CLI::App* command = parent.add_subcommand(name, about);
  options->config.add_as_option_to(*command);
  command->add_option("--backend", options->backend, "Backend; replaces " + name + ".backend")
      ->type_name("B");
  command->callback([&status, name, options, work] {
    ConfigOptions from = options->config;
    if (!options->backend.empty())
      from.overrides.set.push_back(name + ".backend=" + options->backend);
    if (!options->preset.empty()) from.overrides.set.push_back(name + ".preset=" + options->preset);
    if (!options->overlay.empty())
      from.overrides.set.push_back(name + ".overlay=" + options->overlay);
    if (options->strength >= 0)
      from.overrides.set.push_back(fmt::format("{}.strength={}", name, options->strength));
    const config::Config config = from.load();
    start_computing(config);
    work(*options, config);
    status = kExitComplete;
  });
  return command;
}

void print_line(const nlohmann::ordered_json& value) {
  print(value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

Stream stream_for(const config::Config& config, const std::string& id, const char* stage) {
  return Stream(config.run.seed, id, stage);
}

std::size_t no_more_memory(const stages::ClipShape&) { return 0; }

void write_video(const fs::path& path, const media::Video& video, const config::Output& output,
                 int crf) {
  write_file(path, media::encode_mp4(video, {.crf = crf < 0 ? output.crf : crf,
                                             .preset = output.preset,
                                             .threads = output.encoder_threads}));
  spdlog::info("{}: {} frames of {}x{} at {:g} per second", printable(path), video.frames.size(),
               video.size().width, video.size().height, video.fps.value());
}

void curate(const StageOptions& options, const config::Config& config) {
  std::error_code error;
  const fs::path path = options.video;
  if (!fs::is_regular_file(path, error)) {
    throw Error(ErrorKind::kUsage,
                fmt::format("--video: expected a file, found no such: {}", printable(path)));
  }
  stages::SourceFile source;
  source.file = fs::absolute(path);
  source.relative = path.filename();
  source.bytes = fs::file_size(path, error);
  const stages::SourceResult result = stages::join_sources(
      {stages::curate_source(source, config.clip, config.curate)}, config.curate);
  for (const stages::ClipRecord& clip : result.clips) print_line(to_json(clip));
  for (const stages::Drop& drop : result.drops) print_line(to_json(drop));
  spdlog::info("{}: {} clips, {} drops", printable(path), result.clips.size(), result.drops.size());
}

void instruct(const StageOptions& options, const config::Config& config) {
  const auto instructor = stages::make_instructor(config.instruct);
  media::Video video = read_whole_video(options.video, [&](const stages::ClipShape& shape) {
    return instructor->working_bytes(shape) + stages::host_bytes(instructor->held_models(shape));
  });
  const int key_frame = frame_at(config.edit.keyframe_position, video.frames.size());
  const stages::Clip clip = clip_of(std::move(video), key_frame);
  stages::InstructRequest request{.count = options.count};
  if (!config.edit.objects.empty())
    request.objects = stages::make_editor(config.edit)->own_objects();
  const stages::Instructions made =
      instructor->instruct(clip, request, stream_for(config, clip.id, "instruct"));
  const auto& instructions = made.list;
  if (!made.caption.empty()) spdlog::info("{}: {}", options.video, made.caption);
  for (const stages::InstructionDrop& drop : made.drops) {
    spdlog::info("dropped, {}: {}: {}", drop.fault, drop.detail, drop.instruction.text);
  }
  for (const stages::Instruction& instruction : instructions) print_line(to_json(instruction));
  if (instructions.size() < static_cast<std::size_t>(options.count)) {
    spdlog::info("{}: the clip offers no more than {} instructions", options.video,
                 instructions.size());
  }
}

void require_keyframe(int index, const StageOptions& options, const media::Video& video) {
  const int frames = static_cast<int>(video.frames.size());
  if (index >= 0 && index < frames) return;
  throw Error(ErrorKind::kUsage,
              fmt::format("--keyframe-index: expected 0 to {} for the {} frames of {}, found {}",
                          frames - 1, frames, options.video, index));
}

void list_edits() {
  for (const stages::EditProgram& program : stages::edit_programs()) {
    print_line({{"program", program.name},
                {"task", name_of(program.task)},
                {"parameters", program.parameters},
                {"samples", program.samples}});
  }
}

void edit(const StageOptions& options, const config::Config& config) {
  if (options.list) {
    list_edits();
    return;
  }
  if (options.instruction.empty() || options.output.empty())
    throw Error(ErrorKind::kUsage, "expected --instruction and --output, or --list");
  require_ending("--output", options.output, {".png", ".jpg", ".jpeg"});
  if (!options.mask_output.empty()) require_ending("--mask", options.mask_output, {".png"});
  if (options.image.empty() && options.video.empty())
    throw Error(ErrorKind::kUsage, "expected --image, --video with --keyframe-index, or both");
  const auto editor = stages::make_editor(config.edit);
  std::optional<stages::Clip> clip;
  cv::Mat image;
  if (!options.video.empty()) {
    media::Video video = read_whole_video(options.video, no_more_memory);
    require_keyframe(options.keyframe_index, options, video);
    clip = clip_of(std::move(video), options.keyframe_index);
    image = clip->key();
  }
  if (!options.image.empty()) {
    image = media::read_image(options.image);
    if (clip && image.size() != clip->video.size()) {
      throw Error(
          ErrorKind::kUsage,
          fmt::format("--image: expected the video's size {}x{}, found {}x{}",
                      clip->video.size().width, clip->video.size().height, image.cols, image.rows));
    }
  }
  stages::Instruction instruction;
  instruction.text = options.instruction;
  instruction.origin = "user";
  const stages::EditResult result =
      editor->edit(image, clip ? &*clip : nullptr, instruction,
                   stream_for(config, media::pixel_hash(image).substr(0, 16), "edit"));
  if (!result.refusal.empty())
    throw Error(ErrorKind::kInput, "the editor refused: " + result.refusal);
  write_picture(options.output, result.image);
  spdlog::info("{}: {}x{}", options.output, result.image.cols, result.image.rows);
  if (options.mask_output.empty()) return;
  // A global edit is meant everywhere.
  write_picture(options.mask_output, result.mask.empty()
                                         ? cv::Mat(image.size(), CV_8UC1, cv::Scalar(255))
                                         : result.mask);
}

/// The pictures of --edited-keyframe, each with its --keyframe-index.
std::vector<stages::EditedKey> read_keys(const StageOptions& options) {
  if (options.keyframe_indices.size() != options.keyframes.size()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("expected as many --edited-keyframe as --keyframe-index, in the same "
                            "order, found {} and {}",
                            options.keyframes.size(), options.keyframe_indices.size()));
  }
  std::vector<stages::EditedKey> keys;
  for (std::size_t i = 0; i < options.keyframes.size(); ++i) {
    const int index = options.keyframe_indices[i];
    for (const stages::EditedKey& key : keys) {
      if (key.frame == index)
        throw Error(ErrorKind::kUsage, fmt::format("--keyframe-index: {} is given twice", index));
    }
    keys.push_back({index, media::read_image(options.keyframes[i])});
  }
  return keys;
}

void generate(const StageOptions& options, const config::Config& config) {
  require_ending("--output", options.output, {".mp4"});
  const auto generator = stages::make_generator(config.generate, usable_cores());
  std::vector<stages::EditedKey> keys = read_keys(options);
  const int count = static_cast<int>(keys.size());
  media::Video video = read_whole_video(options.video, [&](const stages::ClipShape& shape) {
    return generator->prepared_bytes(shape, count) + generator->working_bytes(shape, count);
  });
  for (std::size_t i = 0; i < keys.size(); ++i) {
    require_keyframe(keys[i].frame, options, video);
    keys[i].picture = fit_picture(keys[i].picture, options.keyframes[i], video.size());
  }
  const stages::Clip clip = clip_of(std::move(video), keys.front().frame);
  const stages::Generation result =
      generator->generate(clip, *generator->prepare(clip, options.keyframe_indices), keys,
                          options.instruction, stream_for(config, clip.id, "generate"));
  if (!result.refusal.empty())
    throw Error(ErrorKind::kInput, options.video + ": the generator refused: " + result.refusal);
  write_video(options.output, result.video, config.output, options.crf);
  if (options.json) print_line(result.details);
}

/// The two videos of one sample.
std::pair<media::Video, media::Video> read_pair(const StageOptions& options,
                                                const MemoryNeed& need) {
  media::Video source = read_whole_video(options.video, [&](const stages::ClipShape& shape) {
    return shape.video_bytes() + need(shape);
  });
  return {std::move(source), read_whole_video(options.edited, no_more_memory)};
}

void require_same_shape(const StageOptions& options, const media::Video& source,
                        const media::Video& edited) {
  if (source.frames.size() != edited.frames.size()) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("--edited: expected as many frames as the source has ({}), found {} in {}",
                    source.frames.size(), edited.frames.size(), options.edited));
  }
  if (source.size() != edited.size()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("--edited: expected the source's size {}x{}, found {}x{} in {}",
                            source.size().width, source.size().height, edited.size().width,
                            edited.size().height, options.edited));
  }
}

void enhance(const StageOptions& options, const config::Config& config) {
  require_ending("--output", options.output, {".mp4"});
  const auto enhancer = stages::make_enhancer(config.enhance);
  auto [source, edited] = read_pair(options, [&](const stages::ClipShape& shape) {
    return enhancer->prepared_bytes(shape) + enhancer->working_bytes(shape);
  });
  require_same_shape(options, source, edited);
  const stages::Clip clip =
      clip_of(std::move(source), frame_at(config.edit.keyframe_position, edited.frames.size()));
  write_video(options.output,
              enhancer->enhance(clip, *enhancer->prepare(clip), edited, options.instruction,
                                stream_for(config, clip.id, "enhance")),
              config.output, options.crf);
}

/// What the judge may be told of how the sample was made.
stages::JudgeContext judge_context(const StageOptions& options, const config::Config& config,
                                   const media::Video& source) {
  stages::JudgeContext context;
  context.instruction.text = options.instruction;
  context.instruction.origin = "user";
  context.key_frame = frame_at(config.edit.keyframe_position, source.frames.size());
  if (options.keyframe.empty()) return context;
  require_keyframe(options.keyframe_index, options, source);
  context.key_frame = options.keyframe_index;
  context.edited_key_frame =
      fit_picture(media::read_image(options.keyframe), options.keyframe, source.size());
  if (options.mask.empty()) return context;
  cv::Mat mask = fit_picture(media::read_image(options.mask), options.mask, source.size());
  mask = media::grey(mask) > 127;
  // A mask of the whole picture is what a global edit has.
  if (cv::countNonZero(mask) == static_cast<int>(mask.total())) return context;
  context.mask = mask;
  context.instruction.task = stages::Task::kLocalAttribute;
  return context;
}

void judge(const StageOptions& options, const config::Config& config) {
  const auto judge = stages::make_judge(config.judge);
  const media::Video source = read_whole_video(options.video, [&](const stages::ClipShape& shape) {
    return shape.video_bytes() + judge->working_bytes(shape) +
           stages::host_bytes(judge->held_models(shape));
  });
  const stages::JudgeContext context = judge_context(options, config, source);
  for (const std::string& path : options.candidates) {
    print_line(to_json(judge->judge(source, read_whole_video(path, no_more_memory), context)));
  }
}

void add_crf(CLI::App* command, StageOptions& options) {
  command->add_option("--crf", options.crf, "libx264's constant rate factor; default output.crf")
      ->type_name("N")
      ->check(CLI::Range(0, 51));
}

CLI::Option* add_file(CLI::App* command, const char* name, std::string& path, const char* about) {
  return command->add_option(name, path, about)->type_name("FILE")->required();
}

CLI::Option* add_text(CLI::App* command, StageOptions& options) {
  return command->add_option("--instruction", options.instruction, "What the edit shall do")
      ->type_name("TEXT")
      ->required();
}

void add_curate(CLI::App& parent, int& status) {
  const auto o = std::make_shared<StageOptions>();
  CLI::App* command = add_stage(parent, status, "curate",
                                "One video to clips: JSON lines of clips and drops", o, curate);
  add_file(command, "--video", o->video, "The video");
  command->footer("Example:\n  ditto stage curate --video a.mp4 --set clip.frames=81");
}

void add_instruct(CLI::App& parent, int& status) {
  const auto o = std::make_shared<StageOptions>();
  CLI::App* command =
      add_stage(parent, status, "instruct", "Instructions for a video, as JSON lines", o, instruct);
  add_file(command, "--video", o->video, "The video");
  command->add_option("--count", o->count, "Instructions at most")
      ->type_name("N")
      ->required()
      ->check(CLI::Range(1, 1000));
  command->footer("Example:\n  ditto stage instruct --video a.mp4 --count 5");
}

void add_edit(CLI::App& parent, int& status) {
  const auto o = std::make_shared<StageOptions>();
  CLI::App* command =
      add_stage(parent, status, "edit", "Edit one picture by an instruction", o, edit);
  command->add_option("--image", o->image, "The picture")->type_name("FILE");
  CLI::Option* video =
      command
          ->add_option(
              "--video", o->video,
              "The video that the picture is of: what moves in it and what a removed thing "
              "hid is looked up in its other frames; without --image, its frame is edited")
          ->type_name("FILE");
  CLI::Option* index =
      command
          ->add_option("--keyframe-index", o->keyframe_index, "Which frame the picture is, from 0")
          ->type_name("K");
  video->needs(index);
  index->needs(video);
  add_text(command, *o)->required(false);
  add_file(command, "--output", o->output, "The edited picture, .png or .jpg")->required(false);
  command->add_flag("--list", o->list,
                    "Edit nothing: list the repertoire, a JSON line for each program, with sample "
                    "instructions");
  command
      ->add_option("--mask,--mask-output", o->mask_output,
                   "Where the edit was meant, white on black, .png")
      ->type_name("FILE");
  command->footer(
      "Exit status 1 when the editor can't carry out the instruction.\nExample:\n"
      "  ditto stage edit --image p.png --instruction \"Make it a snowy winter scene\" --output "
      "q.png\n"
      "  ditto stage edit --video a.mp4 --keyframe-index 24 --instruction \"Remove the person on "
      "the "
      "left\" --output q.png --mask m.png");
}

void add_generate(CLI::App& parent, int& status) {
  const auto o = std::make_shared<StageOptions>();
  CLI::App* command =
      add_stage(parent, status, "generate", "Spread an edited key frame over a video", o, generate);
  add_file(command, "--video", o->video, "The video; the result has its size, rate and frames");
  command
      ->add_option("--keyframe-index", o->keyframe_indices,
                   "Which frame was edited, from 0; may be given several times")
      ->type_name("K")
      ->required()
      ->allow_extra_args(false);
  command
      ->add_option("--edited-keyframe", o->keyframes,
                   "That frame, edited; once for each --keyframe-index, in the same order")
      ->type_name("FILE")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--instruction", o->instruction, "What was edited, for generators that read")
      ->type_name("TEXT");
  command->add_option("--preset", o->preset, "draft, default or best; replaces generate.preset")
      ->type_name("P")
      ->check(CLI::IsMember({"draft", "default", "best"}));
  command
      ->add_option("--overlay", o->overlay,
                   "auto, scene or screen: where drawn things belong; replaces generate.overlay")
      ->type_name("O")
      ->check(CLI::IsMember({"auto", "scene", "screen"}));
  add_crf(command, *o);
  command->add_flag("--json", o->json,
                    "Print what was measured, and the confidence in each frame, 0 to 1, as JSON");
  add_file(command, "--output", o->output, "The edited video, .mp4");
  command->footer(
      "Exit status 1 when the video has a cut, over which no edit can be carried.\nExamples:\n"
      "  ditto stage generate --video a.mp4 --keyframe-index 24 --edited-keyframe q.png "
      "--output b.mp4\n"
      "  ditto stage generate --video a.mp4 --keyframe-index 8 --edited-keyframe p.png "
      "--keyframe-index 40 --edited-keyframe q.png --output b.mp4");
}

void add_enhance(CLI::App& parent, int& status) {
  const auto o = std::make_shared<StageOptions>();
  CLI::App* command =
      add_stage(parent, status, "enhance", "Make an edited video steadier", o, enhance);
  add_file(command, "--source", o->video, "The source video");
  add_file(command, "--video,--edited", o->edited,
           "The edited video, of the source's size and frames");
  command->add_option("--instruction", o->instruction, "What was edited, for enhancers that read")
      ->type_name("TEXT");
  command->add_option("--strength", o->strength, "From 0, nothing; replaces enhance.strength")
      ->type_name("X")
      ->check(CLI::Range(0.0, 1.0));
  add_crf(command, *o);
  add_file(command, "--output", o->output, "The enhanced video, .mp4");
  command->footer("Example:\n  ditto stage enhance --source a.mp4 --video b.mp4 --output c.mp4");
}

void add_judge(CLI::App& parent, int& status) {
  const auto o = std::make_shared<StageOptions>();
  CLI::App* command =
      add_stage(parent, status, "judge", "Score an edited video: JSON on stdout", o, judge);
  add_file(command, "--source", o->video, "The source video");
  command
      ->add_option("--edited", o->candidates,
                   "The edited video; several, each with --edited, give a line of JSON each")
      ->type_name("FILE")
      ->required()
      ->allow_extra_args(false);
  add_text(command, *o);
  CLI::Option* index =
      command->add_option("--keyframe-index", o->keyframe_index, "Which frame was edited, from 0")
          ->type_name("K");
  CLI::Option* picture = command->add_option("--edited-keyframe", o->keyframe, "That frame, edited")
                             ->type_name("FILE");
  index->needs(picture);
  picture->needs(index);
  command
      ->add_option("--mask", o->mask,
                   "Where a local edit was meant on that frame, white on black; all white: global")
      ->type_name("FILE")
      ->needs(picture);
  command->footer(
      "Exit status 0 whatever the verdict.\nExamples:\n"
      "  ditto stage judge --source a.mp4 --edited b.mp4 --instruction \"Make it a snowy winter "
      "scene\"\n"
      "  ditto stage judge --source a.mp4 --edited b.mp4 --instruction \"Make it a snowy winter "
      "scene\" --keyframe-index 24 --edited-keyframe q.png");
}

}  // namespace

void add_stage_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("stage", "Run one stage on one clip");
  command->require_subcommand(1);
  command->footer("Example:\n  ditto stage instruct --video a.mp4 --count 5");
  add_curate(*command, status);
  add_instruct(*command, status);
  add_edit(*command, status);
  add_generate(*command, status);
  add_enhance(*command, status);
  add_judge(*command, status);
}

}  // namespace ditto::cli
