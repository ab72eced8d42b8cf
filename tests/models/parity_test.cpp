#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "ditto/models/model.h"
#include "ditto/nn/safetensors.h"

namespace ditto::models {
namespace {

namespace fs = std::filesystem;

/// Of the fixtures (tests/reference/README.md).
struct Case {
  fs::path folder;
  std::string name;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto& folder : fs::directory_iterator(DITTO_FIXTURES)) {
    if (!folder.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(folder)) {
      const std::string in = file.path().filename().string();
      if (!in.starts_with("in-") || file.path().extension() != ".safetensors") continue;
      all.push_back({folder.path(), file.path().stem().string().substr(3)});
    }
  }
  return all;
}

Values inputs_of(const Case& one) {
  const nn::SafetensorsFile file(one.folder / ("in-" + one.name + ".safetensors"));
  Values values;
  for (const auto& [name, info] : file.header().tensors) values.tensors[name] = file.tensor(name);
  const auto& metadata = file.header().metadata;
  if (metadata.contains("arguments")) {
    values.arguments = nlohmann::json::parse(metadata.at("arguments"));
  }
  return values;
}

double relative_error(const at::Tensor& found, const at::Tensor& expected) {
  const at::Tensor difference = found.to(at::kDouble) - expected.to(at::kDouble);
  return (difference.norm() / expected.to(at::kDouble).norm()).item<double>();
}

class ParityTest : public ::testing::TestWithParam<Case> {};

TEST_P(ParityTest, AgreesWithTheReference) {
  const Case& one = GetParam();
  const nn::SafetensorsFile expected(one.folder / ("out-" + one.name + ".safetensors"));
  const auto& facts = expected.header().metadata;
  const fs::path weights =
      facts.contains("weights") ? one.folder / facts.at("weights") : one.folder;
  const std::string entry_name = facts.contains("entry") ? facts.at("entry") : "forward";
  Values inputs = inputs_of(one);
  std::vector<LoraFile> lora;
  if (entry_name == "pipeline") {
    // It merges the files itself.
    for (const char* name : {"lora", "lora_2"}) {
      if (!inputs.arguments.contains(name)) continue;
      nlohmann::json& files = inputs.arguments[name];
      if (files.is_string()) files = nlohmann::json::array({files});
      for (auto& file : files) file = (one.folder / file.get<std::string>()).string();
    }
  } else {
    lora = take_lora(inputs.arguments);
  }
  for (LoraFile& file : lora) file.path = one.folder / file.path;
  const Model model = load_model(find_model(weights, entry_name), {}, {}, lora);
  const auto entry = std::find_if(model.entries.begin(), model.entries.end(),
                                  [&](const Entry& e) { return e.name == entry_name; });
  ASSERT_NE(entry, model.entries.end());
  const Values results = run_entry(*entry, std::move(inputs), at::kCPU);
  const double tolerance = std::stod(facts.at("tolerance"));
  ASSERT_TRUE(!expected.header().tensors.empty() || facts.contains("arguments"));
  if (facts.contains("arguments")) {
    EXPECT_EQ(results.arguments, nlohmann::json::parse(facts.at("arguments")));
  }
  for (const auto& [name, info] : expected.header().tensors) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(results.tensors.contains(name));
    const at::Tensor& found = results.tensors.at(name);
    const at::Tensor wanted = expected.tensor(name);
    ASSERT_EQ(found.sizes(), wanted.sizes());
    if (c10::isFloatingType(info.dtype)) {
      EXPECT_LT(relative_error(found, wanted), tolerance);
    } else {
      EXPECT_TRUE(found.equal(wanted));
    }
  }
}

std::string case_name(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.folder.filename().string() + "_" + info.param.name;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, ParityTest, ::testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace ditto::models
