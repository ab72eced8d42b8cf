#include <nlohmann/json.hpp>
#include <set>

#include "ditto/core/error.h"
#include "ditto/nn/dtype.h"
#include "ditto/nn/safetensors.h"

namespace ditto::nn {
namespace {

constexpr std::size_t kMostDimensions = 16;

/// Bytes of a tensor; empty when they, or the strides that LibTorch will compute for it, which take
/// no notice of a dimension of 0, don't fit into 63 bits.
std::optional<std::uint64_t> byte_count(const TensorInfo& info) {
  auto most = static_cast<std::int64_t>(c10::elementSize(info.dtype));
  bool none = false;
  for (const std::int64_t size : info.shape) {
    none |= size == 0;
    if (__builtin_mul_overflow(most, std::max<std::int64_t>(size, 1), &most)) return std::nullopt;
  }
  return none ? 0 : static_cast<std::uint64_t>(most);
}

/// Receives the header's JSON piece by piece and accepts nothing but its one structure, so that
/// neither depth nor size of a hostile document matters.
class HeaderReader {
 public:
  using Json = nlohmann::json;

  HeaderReader(std::string file, SafetensorsHeader& header)
      : file_(std::move(file)), header_(header) {}

  bool null() {
    if (place_ != Place::kTop || key_ != "__metadata__") fail("null where a value is expected");
    return true;
  }
  bool boolean(bool) { fail("true or false where another value is expected"); }
  bool number_integer(Json::number_integer_t) { fail("a negative number"); }
  bool number_float(Json::number_float_t, const std::string&) { fail("a number out of range"); }
  bool binary(Json::binary_t&) { fail("binary data"); }

  bool number_unsigned(Json::number_unsigned_t value) {
    if (place_ == Place::kShape) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail("a dimension of " + std::to_string(value));
      }
      if (info_.shape.size() == kMostDimensions) fail("more than 16 dimensions");
      info_.shape.push_back(static_cast<std::int64_t>(value));
    } else if (place_ == Place::kOffsets) {
      if (offsets_.size() == 2) fail("data_offsets has more than two numbers");
      offsets_.push_back(value);
    } else {
      fail("a number where another value is expected");
    }
    return true;
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      header_.metadata[key_] = value;
    } else if (place_ == Place::kTensor && key_ == "dtype") {
      const auto dtype = dtype_from_header(value);
      if (!dtype) fail("unknown dtype \"" + shown(value) + "\"");
      info_.dtype = *dtype;
    } else {
      fail("a string where another value is expected");
    }
    return true;
  }

  bool start_object(std::size_t) {
    if (place_ == Place::kStart) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop && key_ == "__metadata__") {
      place_ = Place::kMetadata;
    } else if (place_ == Place::kTop) {
      place_ = Place::kTensor;
      tensor_ = key_;
      info_ = {};
      offsets_.clear();
      fields_.clear();
    } else {
      fail("an object where another value is expected");
    }
    return true;
  }

  bool end_object() {
    if (place_ == Place::kTensor) finish_tensor();
    place_ = place_ == Place::kTop ? Place::kEnd : Place::kTop;
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ != Place::kTensor || (key_ != "shape" && key_ != "data_offsets")) {
      fail("an array where another value is expected");
    }
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() {
    place_ = Place::kTensor;
    return true;
  }

  bool key(std::string& name) {
    key_ = name;
    if (place_ == Place::kTop) {
      const bool twice = name == "__metadata__" ? has_metadata_ : header_.tensors.contains(name);
      if (twice) fail_at("tensor \"" + shown(name) + "\" is there twice");
      has_metadata_ |= name == "__metadata__";
    } else if (place_ == Place::kMetadata) {
      if (header_.metadata.contains(name)) fail("key \"" + shown(name) + "\" is there twice");
    } else if (place_ == Place::kTensor) {
      if (name != "dtype" && name != "shape" && name != "data_offsets") {
        fail("unknown field \"" + shown(name) + "\"");
      }
      if (!fields_.insert(name).second) fail(name + " is there twice");
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const Json::exception&) {
    fail_at("the header is no valid JSON at byte " + std::to_string(position));
  }

 private:
  enum class Place { kStart, kTop, kMetadata, kTensor, kShape, kOffsets, kEnd };

  [[noreturn]] void fail_at(const std::string& problem) const {
    throw Error(ErrorKind::kInput, file_ + ": " + problem);
  }
  [[noreturn]] void fail(const std::string& problem) const {
    switch (place_) {
      case Place::kStart:
      case Place::kEnd:
        fail_at("the header is no JSON object");
      case Place::kTop:
        fail_at("tensor \"" + shown(key_) + "\": " + problem);
      case Place::kMetadata:
        fail_at("__metadata__: " + problem);
      case Place::kTensor:
      case Place::kShape:
      case Place::kOffsets:
        fail_at("tensor \"" + shown(tensor_) + "\": " + problem);
    }
    fail_at(problem);
  }

  void finish_tensor() {
    for (const char* field : {"dtype", "shape", "data_offsets"}) {
      if (!fields_.contains(field)) fail(std::string(field) + " is missing");
    }
    if (offsets_.size() != 2) fail("data_offsets needs two numbers");
    if (offsets_[0] > offsets_[1]) fail("data_offsets ends before it begins");
    info_.begin = offsets_[0];
    info_.bytes = offsets_[1] - offsets_[0];
    const auto bytes = byte_count(info_);
    if (!bytes) fail("shape " + shape_text(info_.shape) + " is too large");
    if (*bytes != info_.bytes) {
      fail("shape " + shape_text(info_.shape) + " of " + header_name(info_.dtype) + " takes " +
           std::to_string(*bytes) + " bytes, data_offsets give " + std::to_string(info_.bytes));
    }
    header_.tensors.emplace(tensor_, std::move(info_));
  }

  std::string file_;
  SafetensorsHeader& header_;
  Place place_ = Place::kStart;
  std::string key_;
  std::string tensor_;
  TensorInfo info_;
  std::vector<std::uint64_t> offsets_;
  std::set<std::string> fields_;
  bool has_metadata_ = false;
};

/// The ranges, in order, must follow one another without gap or overlap up to the end.
void check_coverage(const SafetensorsHeader& header, std::uint64_t data_bytes,
                    const std::string& file) {
  const auto fail = [&](const std::string& name, const std::string& problem) {
    throw Error(ErrorKind::kInput, file + ": tensor \"" + shown(name) + "\" " + problem);
  };
  std::vector<std::pair<const std::string*, const TensorInfo*>> order;
  for (const auto& [name, info] : header.tensors) order.emplace_back(&name, &info);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->begin, a.second->bytes) <
           std::pair(b.second->begin, b.second->bytes);
  });
  // One that is out of range or overlaps another leaves a gap too: those first, to name the right
  // one.
  for (const auto& [name, info] : order) {
    // Sums can't overflow: both ends of the range were read as 64-bit numbers.
    if (info->begin + info->bytes > data_bytes) {
      fail(*name, "ends at byte " + std::to_string(info->begin + info->bytes) +
                      " of the data, of which there are " + std::to_string(data_bytes) +
                      " (truncated?)");
    }
  }
  std::uint64_t end = 0;
  const std::string* before = nullptr;
  for (const auto& [name, info] : order) {
    if (info->begin < end) fail(*name, "overlaps \"" + shown(*before) + "\"");
    end = info->begin + info->bytes;
    before = name;
  }
  end = 0;
  for (const auto& [name, info] : order) {
    if (info->begin > end) {
      fail(*name, "begins at byte " + std::to_string(info->begin) + " of the data, but byte " +
                      std::to_string(end) + " belongs to no tensor");
    }
    end = info->begin + info->bytes;
  }
  if (end != data_bytes) {
    throw Error(ErrorKind::kInput, file + ": the last " + std::to_string(data_bytes - end) +
                                       " bytes belong to no tensor");
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes,
                                           const std::string& file) {
  SafetensorsHeader header;
  HeaderReader reader(file, header);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  check_coverage(header, data_bytes, file);
  return header;
}

}  // namespace ditto::nn
