#include "ditto/core/hash.h"

#include <openssl/evp.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto {

struct Sha256::Context {
  EVP_MD_CTX* md = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(md); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  if (EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorKind::kFatal, "OpenSSL offers no SHA-256");
  }
}

Sha256::~Sha256() = default;

Sha256& Sha256::update(const void* data, std::size_t size) {
  EVP_DigestUpdate(context_->md, data, size);
  return *this;
}

std::string Sha256::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  EVP_DigestFinal_ex(context_->md, digest.data(), &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256_hex(std::string_view bytes) { return Sha256().update(bytes).hex(); }

std::string sha256_hex_of_file(const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (!file) {
    throw Error(ErrorKind::kInput, printable(path) + ": " + std::strerror(errno));
  }
  Sha256 hash;
  std::vector<char> buffer(1 << 20);
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    hash.update(buffer.data(), n);
  }
  if (std::ferror(file.get()) != 0) {
    throw Error(ErrorKind::kInput, printable(path) + ": " + std::strerror(errno));
  }
  return hash.hex();
}

std::string fingerprint(const nlohmann::json& value) {
  // nlohmann::json keeps object keys sorted and prints doubles in shortest round-trip form.
  return sha256_hex(value.dump(-1, ' ', true));
}

}  // namespace ditto
