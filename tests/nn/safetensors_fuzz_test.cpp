#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "ditto/nn/safetensors.h"
#include "nn/temporary.h"

/// Mutated files must be refused with an Error or read within their bounds. Two seconds by default;
/// DITTO_FUZZ_SECONDS=600 looks for longer, best in the asan preset. Each run begins with another
/// seed, which a failure prints; DITTO_FUZZ_SEED=N begins with that one.
namespace ditto::nn {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

/// What tends to matter to a parser of such headers.
constexpr const char* kTokens[] = {"{",
                                   "}",
                                   "[",
                                   "]",
                                   ",",
                                   ":",
                                   "\"",
                                   "\\",
                                   "\\u0000",
                                   "null",
                                   "true",
                                   "0",
                                   "-1",
                                   "1e400",
                                   "4294967296",
                                   "9223372036854775807",
                                   "9223372036854775808",
                                   "18446744073709551615",
                                   "\"dtype\"",
                                   "\"shape\"",
                                   "\"data_offsets\"",
                                   "\"__metadata__\"",
                                   "\"F64\"",
                                   "\"F8_E4M3\"",
                                   "\"BOOL\"",
                                   "\xc3",
                                   "\xff"};

std::string valid_file(Random& random) {
  std::string header = random() % 2 == 0 ? R"({"__metadata__":{"format":"pt"})" : "{";
  std::string data;
  const char* dtypes[] = {"F32", "BF16", "F8_E4M3", "I64", "BOOL", "U8"};
  const std::size_t sizes[] = {4, 2, 1, 8, 1, 1};
  for (std::size_t i = 0; i < below(random, 4); ++i) {
    const std::size_t kind = below(random, 6), rows = below(random, 4), columns = below(random, 5);
    const std::size_t begin = data.size();
    data.resize(begin + rows * columns * sizes[kind], '\1');
    header += (header.size() > 1 ? ",\"t" : "\"t") + std::to_string(i) + R"(":{"dtype":")" +
              dtypes[kind] + R"(","shape":[)" + std::to_string(rows) + "," +
              std::to_string(columns) + R"(],"data_offsets":[)" + std::to_string(begin) + "," +
              std::to_string(data.size()) + "]}";
  }
  return safetensors_bytes(header + "}", data);
}

void mutate(std::string& bytes, Random& random) {
  const std::size_t at = bytes.empty() ? 0 : below(random, bytes.size());
  switch (below(random, 8)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(random());
      break;
    case 2:
      bytes.erase(at, 1 + below(random, 8));
      break;
    case 3:
      bytes.resize(at);
      break;
    case 4:
      bytes.insert(at, bytes.substr(below(random, bytes.size() + 1), below(random, 40)));
      break;
    case 5:
      bytes.insert(at, kTokens[below(random, std::size(kTokens))]);
      break;
    case 6: {  // another number in the place of one
      const std::size_t digit = bytes.find_first_of("0123456789", at);
      if (digit != std::string::npos) {
        bytes.replace(digit, 1, std::to_string(random() >> below(random, 64)));
      }
      break;
    }
    default:  // the header's length
      if (bytes.size() >= 8) bytes[below(random, 8)] = static_cast<char>(random());
  }
}

/// The header's length made to agree with a changed header half of the time, or most mutants would
/// fail at the first check.
void repair(std::string& bytes, std::size_t data, Random& random) {
  if (bytes.size() < 8 + data || random() % 2 == 0) return;
  const std::uint64_t length = bytes.size() - 8 - data;
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(length >> (8 * i) & 0xff);
}

/// A file that exists in memory only.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {}
  ~MemoryFile() { ::close(descriptor_); }
  void set(const std::string& bytes) const {
    ASSERT_EQ(::ftruncate(descriptor_, 0), 0);
    ASSERT_EQ(::pwrite(descriptor_, bytes.data(), bytes.size(), 0),
              static_cast<ssize_t>(bytes.size()));
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// True when the file was accepted; then every byte of its tensors is read.
bool read_all(const std::string& path) {
  try {
    const SafetensorsFile file(path);
    std::uint64_t sum = 0;
    for (const auto& [name, info] : file.header().tensors) {
      EXPECT_LE(info.begin + info.bytes, file.data_bytes());
      for (const std::byte one : file.bytes(name)) sum += std::to_integer<std::uint64_t>(one);
      EXPECT_EQ(file.tensor(name).nbytes(), info.bytes);
    }
    EXPECT_GE(sum, 0U);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    return false;
  }
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(SafetensorsFuzz, MutantsAreRefusedOrReadWithinTheirBounds) {
  const std::uint64_t first = number_from("DITTO_FUZZ_SEED", std::random_device()());
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::seconds(number_from("DITTO_FUZZ_SECONDS", 2));
  const MemoryFile file;
  std::uint64_t accepted = 0, seed = first;
  for (; std::chrono::steady_clock::now() < end && !HasFailure(); ++seed) {
    SCOPED_TRACE("DITTO_FUZZ_SEED=" + std::to_string(seed));
    Random random(seed);
    std::string bytes = valid_file(random);
    file.set(bytes);
    ASSERT_TRUE(read_all(file.path()));
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
    const std::size_t data = bytes.size() - 8 - length;
    for (std::size_t i = 0; i <= below(random, 4); ++i) mutate(bytes, random);
    repair(bytes, data, random);
    file.set(bytes);
    accepted += read_all(file.path()) ? 1 : 0;
  }
  RecordProperty("files", std::to_string(seed - first));
  // Both outcomes must occur, or the mutants don't reach what they should.
  EXPECT_GT(accepted, 0U);
  EXPECT_LT(accepted, seed - first);
}

}  // namespace
}  // namespace ditto::nn
