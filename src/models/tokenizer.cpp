#include "models/tokenizer.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <optional>

#include "ditto/text/tokenizer.h"

namespace ditto::models {
namespace {

Values tokenize(const text::Tokenizer& tokenizer, const Inputs& inputs) {
  const nlohmann::json& values = inputs.arguments().values();
  const auto text = values.find("text");
  const auto is_text = [](const nlohmann::json& value) { return value.is_string(); };
  const bool list = text != values.end() && text->is_array() && !text->empty() &&
                    std::all_of(text->begin(), text->end(), is_text);
  if (!list && (text == values.end() || !text->is_string())) {
    inputs.fail("text", "must be a string or a list of strings");
  }
  const bool special = inputs.arguments().flag("add_special_tokens", true);
  std::vector<std::vector<std::int64_t>> rows;
  if (list) {
    for (const nlohmann::json& one : *text) {
      rows.push_back(tokenizer.encode(one.get<std::string>(), special));
    }
  } else {
    rows.push_back(tokenizer.encode(text->get<std::string>(), special));
  }
  std::size_t longest = 0;
  bool ragged = false;
  for (const auto& row : rows) {
    ragged = ragged || row.size() != rows.front().size();
    longest = std::max(longest, row.size());
  }
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(rows.size()),
                                           static_cast<std::int64_t>(longest)};
  const at::Tensor ids = at::full(shape, ragged ? tokenizer.pad_id() : 0, at::kLong);
  const at::Tensor mask = at::zeros(shape, at::kLong);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), ids.data_ptr<std::int64_t>() + i * longest);
    std::fill_n(mask.data_ptr<std::int64_t>() + i * longest, rows[i].size(), 1);
  }
  return {{{"input_ids", ids}, {"attention_mask", mask}}, nlohmann::json::object()};
}

Values detokenize(const text::Tokenizer& tokenizer, const Inputs& inputs) {
  const at::Tensor& ids = inputs.tensor("input_ids");
  if (ids.dim() < 1 || ids.dim() > 2 || c10::isFloatingType(ids.scalar_type())) {
    inputs.fail("input_ids", "must hold integers, [L] or [N,L]");
  }
  const bool skip = inputs.arguments().flag("skip_special_tokens", false);
  const at::Tensor rows = (ids.dim() == 1 ? ids.unsqueeze(0) : ids).to(at::kCPU, at::kLong);
  nlohmann::json texts = nlohmann::json::array();
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const at::Tensor row = rows[i].contiguous();
    const auto* first = row.const_data_ptr<std::int64_t>();
    texts.push_back(tokenizer.decode({first, first + row.numel()}, skip));
  }
  nlohmann::json arguments;
  arguments["text"] = texts.size() == 1 ? texts[0] : texts;
  return {{}, std::move(arguments)};
}

}  // namespace

Model make_tokenizer(const Source& source, const nn::Placement& placement) {
  std::optional<text::Tokenizer> tokenizer;
  // Of an outline on the device meta no entry is run, and large vocabularies take a while to read.
  if (placement.device != at::kMeta) tokenizer = text::Tokenizer::open(source.path);
  Model model;
  model.entries = {
      {"tokenize",
       {},
       {"text", "add_special_tokens"},
       [tokenizer](const Inputs& inputs) { return tokenize(tokenizer.value(), inputs); },
       false},
      {"detokenize",
       {"input_ids"},
       {"skip_special_tokens"},
       [tokenizer](const Inputs& inputs) { return detokenize(tokenizer.value(), inputs); },
       false}};
  return model;
}

}  // namespace ditto::models
