#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>

namespace ditto {

/// Incremental SHA-256. Digests are lower-case hex, 64 characters.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& update(const void* data, std::size_t size);
  Sha256& update(std::string_view text) { return update(text.data(), text.size()); }
  /// Ends the computation; the object can't be used afterwards.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::string_view bytes);
/// Throws Error(kInput) naming the file when it can't be read to its end.
std::string sha256_hex_of_file(const std::filesystem::path& path);

/// Hash of a JSON value in canonical form (keys sorted, no white space, doubles in their shortest
/// round-trip form): equal values give equal digests.
std::string fingerprint(const nlohmann::json& value);

}  // namespace ditto
