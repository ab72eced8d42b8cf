#include "cli/model_report.h"

#include "cli/machine.h"
#include "ditto/core/files.h"

namespace ditto::cli {
namespace {

using Json = nlohmann::ordered_json;
using models::ModelReport;

struct DtypeCount {
  std::uint64_t tensors = 0;
  std::uint64_t bytes = 0;
};

void count_dtypes(const ModelReport& report, std::map<std::string, DtypeCount>& counts) {
  for (const ModelReport::Tensor& tensor : report.tensors) {
    DtypeCount& count = counts[tensor.dtype];
    ++count.tensors;
    count.bytes += tensor.bytes;
  }
  for (const ModelReport& component : report.components) count_dtypes(component, counts);
}

/// A pipeline's own lists: those of its components, under COMPONENT/NAME.
ModelReport with_components(const ModelReport& report) {
  ModelReport all = report;
  for (const ModelReport& component : report.components) {
    const std::string prefix = component.component + "/";
    for (const std::string& name : component.missing) all.missing.push_back(prefix + name);
    for (const std::string& name : component.unexpected) all.unexpected.push_back(prefix + name);
    for (ModelReport::Misfit one : component.misshaped) {
      one.name = prefix + one.name;
      all.misshaped.push_back(std::move(one));
    }
    for (ModelReport::NotFinite one : component.not_finite) {
      one.name = prefix + one.name;
      all.not_finite.push_back(std::move(one));
    }
  }
  return all;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

void add_summary(Json& json, const ModelReport& report, bool tensors) {
  json["class"] = report.class_name;
  json["path"] = report.path;
  if (!report.layout.empty()) json["layout"] = report.layout;
  json["parameters"] = report.parameters;
  json["bytes"] = report.bytes;
  std::map<std::string, DtypeCount> counts;
  count_dtypes(report, counts);
  json["dtypes"] = Json::object();
  for (const auto& [dtype, count] : counts) {
    json["dtypes"][dtype] = {{"tensors", count.tensors}, {"bytes", count.bytes}};
  }
  if (!tensors) return;
  json["tensors"] = Json::array();
  for (const ModelReport::Tensor& tensor : report.tensors) {
    json["tensors"].push_back({{"name", tensor.name},
                               {"dtype", tensor.dtype},
                               {"shape", tensor.shape},
                               {"bytes", tensor.bytes}});
  }
}

std::string summary_text(const ModelReport& report, bool tensors) {
  std::string text = fmt::format("class       {}\n", report.class_name);
  if (!report.layout.empty()) text += fmt::format("layout      {}\n", report.layout);
  text += fmt::format("parameters  {}\nbytes       {} ({})\n", report.parameters, report.bytes,
                      readable_bytes(report.bytes));
  std::map<std::string, DtypeCount> counts;
  count_dtypes(report, counts);
  for (const auto& [dtype, count] : counts) {
    text += fmt::format("dtype       {}: {} tensors, {}\n", dtype, count.tensors,
                        readable_bytes(count.bytes));
  }
  if (!tensors) return text;
  for (const ModelReport::Tensor& tensor : report.tensors) {
    text += fmt::format("tensor      {} {} {}\n", printable(tensor.name), tensor.dtype,
                        shape_text(tensor.shape));
  }
  return text;
}

void append_count(std::string& text, std::size_t count, const char* what) {
  if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
}

std::string components_text(const ModelReport& report, bool tensors) {
  std::string text;
  for (const ModelReport& component : report.components) {
    text +=
        fmt::format("component   {}: {}, {} parameters, {}\n", component.component,
                    component.class_name, component.parameters, readable_bytes(component.bytes));
    if (!tensors) continue;
    for (const ModelReport::Tensor& tensor : component.tensors) {
      text += fmt::format("tensor      {}/{} {} {}\n", component.component, printable(tensor.name),
                          tensor.dtype, shape_text(tensor.shape));
    }
  }
  return text;
}

}  // namespace

Json check_json(const ModelReport& report, bool tensors) {
  const ModelReport all = with_components(report);
  Json json = {{"ok", report.whole()}};
  add_summary(json, report, tensors);
  json["files"] = report.files;
  json["missing"] = all.missing;
  json["unexpected"] = all.unexpected;
  json["misshaped"] = Json::array();
  for (const ModelReport::Misfit& one : all.misshaped) {
    json["misshaped"].push_back(
        {{"name", one.name}, {"expected", one.expected}, {"found", one.found}});
  }
  json["not_finite"] = Json::array();
  for (const ModelReport::NotFinite& one : all.not_finite) {
    json["not_finite"].push_back({{"name", one.name}, {"values", one.values}});
  }
  if (!report.unsupported.empty()) json["unsupported"] = report.unsupported;
  for (const ModelReport& component : report.components) {
    json["components"][component.component] = check_json(component, tensors);
  }
  return json;
}

std::string check_text(const ModelReport& report, bool tensors) {
  std::string text = summary_text(report, tensors) + components_text(report, tensors);
  const ModelReport all = with_components(report);
  for (const std::string& name : all.missing)
    text += fmt::format("missing     {}\n", printable(name));
  for (const std::string& name : all.unexpected)
    text += fmt::format("unexpected  {}\n", printable(name));
  for (const ModelReport::Misfit& one : all.misshaped) {
    text += fmt::format("misshaped   {}: expected {}, found {}\n", printable(one.name),
                        one.expected, one.found);
  }
  for (const ModelReport::NotFinite& one : all.not_finite) {
    text += fmt::format("not finite  {}: {} values\n", printable(one.name), one.values);
  }
  for (const std::string& one : report.unsupported) {
    text += fmt::format("unsupported {}\n", printable(one));
  }
  return text;
}

std::string fault_counts(const ModelReport& report) {
  const ModelReport all = with_components(report);
  std::string text;
  append_count(text, all.missing.size(), "missing");
  append_count(text, all.unexpected.size(), "unexpected");
  append_count(text, all.misshaped.size(), "misshaped");
  append_count(text, all.not_finite.size(), "with values that are not finite");
  append_count(text, all.unsupported.size(), "of an unsupported class");
  return text;
}

Json info_json(const ModelReport& report, bool tensors) {
  Json json = Json::object();
  add_summary(json, report, tensors);
  json["entries"] = Json::array();
  for (const ModelReport::Entry& entry : report.entries) {
    json["entries"].push_back(
        {{"name", entry.name}, {"tensors", entry.tensors}, {"arguments", entry.arguments}});
  }
  for (const ModelReport& component : report.components) {
    json["components"][component.component] = info_json(component, tensors);
  }
  return json;
}

std::string info_text(const ModelReport& report, bool tensors) {
  std::string text = summary_text(report, tensors) + components_text(report, tensors);
  for (const ModelReport::Entry& entry : report.entries) {
    text += fmt::format(
        "entry       {}: tensors {}; arguments {}\n", entry.name,
        entry.tensors.empty() ? "none" : fmt::format("{}", fmt::join(entry.tensors, ", ")),
        entry.arguments.empty() ? "none" : fmt::format("{}", fmt::join(entry.arguments, ", ")));
  }
  return text;
}

}  // namespace ditto::cli
