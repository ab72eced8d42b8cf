#include "stages/edit/program.h"

#include "ditto/core/error.h"
#include "stages/edit/colours.h"
#include "stages/edit/drawn_objects.h"
#include "stages/edit/looks.h"

namespace ditto::stages::editing {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kLocal[] = {"recolour", "brighten", "darken", "isolate",
                                       "material", "remove",   "add",    "replace"};
constexpr std::string_view kKinds[] = {"object",     "sky",    "grass", "greenery",
                                       "background", "person", "moving"};
constexpr std::string_view kSides[] = {"left", "middle", "right", "top", "bottom"};
constexpr std::string_view kPlaces[] = {"sky",    "upper left", "top",   "upper right",
                                        "left",   "centre",     "right", "lower left",
                                        "bottom", "lower right"};
constexpr std::string_view kMaterials[] = {"gold", "silver", "copper", "ice", "marble"};
constexpr std::string_view kBackdrops[] = {"sunset",   "stars", "clouds",
                                           "blue sky", "storm", "aurora"};
constexpr std::string_view kGrounds[] = {"snow", "sand", "autumn leaves", "lavender", "wheat"};

bool contains(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

[[noreturn]] void fail(const std::string& message) {
  throw Error(ErrorKind::kInput, "edit program: " + message);
}

std::string text_at(const nlohmann::json& value, const char* key) {
  if (!value.contains(key)) return "";
  if (!value.at(key).is_string())
    fail(fmt::format("{}: expected a string, found {}", key, value.at(key).dump()));
  return value.at(key);
}

void check_keys(const nlohmann::json& value, Names known, const std::string& where) {
  for (const auto& [key, unused] : value.items()) {
    if (!contains(known, key)) {
      fail(fmt::format("unknown key \"{}\"{}; known are {}", key, where, fmt::join(known, ", ")));
    }
  }
}

void check_name(const std::string& value, Names names, const char* key) {
  if (!contains(names, value)) {
    fail(fmt::format("{}: expected one of {}, found \"{}\"", key, fmt::join(names, ", "), value));
  }
}

void check_colour(const std::string& value, const char* key) {
  const auto colour = colour_from(value);
  if (!colour || name_of(*colour) != value)
    fail(fmt::format("{}: unknown colour \"{}\"", key, value));
}

void check_target(const Target& target, const std::string& program) {
  if (target.kind.empty()) fail(program + " needs a target");
  check_name(target.kind, kKinds, "target.kind");
  if (target.kind == "object") check_colour(target.colour, "target.colour");
  if (target.kind != "object" && !target.colour.empty()) fail("target.colour is for objects only");
  if (!target.side.empty()) check_name(target.side, kSides, "target.side");
}

void check_replacement(const Program& p) {
  if (p.target.kind == "sky") {
    check_name(p.object, kBackdrops, "object");
  } else if (p.target.kind == "grass" || p.target.kind == "greenery") {
    check_name(p.object, kGrounds, "object");
  } else if (p.target.kind == "object") {
    check_name(p.object, solid_objects(), "object");
  } else {
    fail(fmt::format("replace: can't replace a {}", p.target.kind));
  }
}

void check(const Program& p, std::span<const std::string> more_objects) {
  if (!(p.strength >= 0.1 && p.strength <= 2)) fail("strength: expected 0.1 .. 2");
  if (const Look* look = find_look(p.name)) {
    if (!p.target.kind.empty() || !p.object.empty() || !p.place.empty()) {
      fail(fmt::format("{} takes no target, object or place", p.name));
    }
    if (look->has_colour != !p.colour.empty()) {
      fail(fmt::format("{} {}", p.name, look->has_colour ? "needs a colour" : "takes no colour"));
    }
    if (look->has_colour) check_colour(p.colour, "colour");
    return;
  }
  if (!is_local_program(p.name)) fail(fmt::format("unknown program \"{}\"", p.name));
  if (p.name == "add") {
    if (!p.target.kind.empty()) fail("add takes a place, no target");
    const bool own =
        std::find(more_objects.begin(), more_objects.end(), p.object) != more_objects.end();
    if (!own) check_name(p.object, drawn_objects(), "object");
    if (own && !p.colour.empty()) fail("colour: the user's own objects have theirs");
    if (!p.place.empty()) check_name(p.place, kPlaces, "place");
  } else {
    check_target(p.target, p.name);
    if (!p.place.empty()) fail("place is for add only");
  }
  if (p.name == "material") check_name(p.object, kMaterials, "object");
  if (p.name == "material" && p.target.kind != "object") fail("material is for objects only");
  if (p.name == "remove" && p.target.kind != "object" && p.target.kind != "person" &&
      p.target.kind != "moving") {
    fail(fmt::format("can't remove the {}", p.target.kind));
  }
  if (p.name == "replace") check_replacement(p);
  if (p.name == "recolour" && p.colour.empty()) fail("recolour needs a colour");
  if (!p.colour.empty()) check_colour(p.colour, "colour");
}

}  // namespace

bool is_local_program(std::string_view name) { return contains(kLocal, name); }
Names sides() { return kSides; }
Names places() { return kPlaces; }
Names materials() { return kMaterials; }
Names backdrops() { return kBackdrops; }
Names grounds() { return kGrounds; }

Task task_of(const Program& program) {
  if (const Look* look = find_look(program.name)) return look->task;
  if (program.name == "add") return Task::kLocalAdd;
  if (program.name == "remove") return Task::kLocalRemove;
  if (program.name == "replace") return Task::kLocalReplace;
  return Task::kLocalAttribute;
}

nlohmann::json to_json(const Program& program) {
  nlohmann::json out = {{"program", program.name}, {"strength", program.strength}};
  if (!program.target.kind.empty()) {
    nlohmann::json target = {{"kind", program.target.kind}};
    if (!program.target.colour.empty()) target["colour"] = program.target.colour;
    if (!program.target.side.empty()) target["side"] = program.target.side;
    out["target"] = target;
  }
  if (!program.colour.empty()) out["colour"] = program.colour;
  if (!program.object.empty()) out["object"] = program.object;
  if (!program.place.empty()) out["place"] = program.place;
  return out;
}

Program program_from_json(const nlohmann::json& value, std::span<const std::string> more_objects) {
  static constexpr std::string_view kKeys[] = {"program", "strength", "target",
                                               "colour",  "object",   "place"};
  static constexpr std::string_view kTargetKeys[] = {"kind", "colour", "side"};
  if (!value.is_object()) fail("expected an object, found " + value.dump());
  check_keys(value, kKeys, "");
  Program program;
  program.name = text_at(value, "program");
  if (value.contains("strength")) {
    if (!value.at("strength").is_number())
      fail("strength: expected a number, found " + value.at("strength").dump());
    program.strength = value.at("strength");
  }
  if (value.contains("target")) {
    const nlohmann::json& target = value.at("target");
    if (!target.is_object()) fail("target: expected an object, found " + target.dump());
    check_keys(target, kTargetKeys, " of target");
    program.target = {text_at(target, "kind"), text_at(target, "colour"), text_at(target, "side")};
  }
  program.colour = text_at(value, "colour");
  program.object = text_at(value, "object");
  program.place = text_at(value, "place");
  check(program, more_objects);
  return program;
}

std::string target_text(const Target& target) {
  std::string text = "the ";
  if (target.kind == "object") {
    text += target.colour + " object";
  } else if (target.kind == "background") {
    text += "plain background";
  } else if (target.kind == "moving") {
    text += "moving object";
  } else {
    text += target.kind;
  }
  if (target.side == "left" || target.side == "right") text += " on the " + target.side;
  if (target.side == "middle") text += " in the middle";
  if (target.side == "top" || target.side == "bottom") text += " at the " + target.side;
  return text;
}

std::string target_text(const Program& program) {
  if (!program.target.kind.empty()) return target_text(program.target);
  if (program.name != "add") return "the whole picture";
  std::string name = program.object;
  std::replace(name.begin(), name.end(), '_', ' ');
  return (program.colour.empty() ? "" : program.colour + " ") + name;
}

}  // namespace ditto::stages::editing
