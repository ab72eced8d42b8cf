#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/stages/curate.h"

namespace ditto::stages {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

const char* kind_of(mode_t mode) {
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "a device";
  return "no regular file";
}

/// The search of one input after the other. In each, what lies there itself comes before what links
/// lead to, so that a file found both ways is listed under its own name.
class Search {
 public:
  explicit Search(const config::Sources& config) {
    for (const std::string& extension : config.extensions) extensions_.insert(lower(extension));
  }

  void add_input(const fs::path& input) {
    root_ = fs::absolute(input).lexically_normal();
    name_ = input;
    first_file_ = listing_.files.size();
    first_drop_ = listing_.drops.size();
    struct stat status{};
    if (::stat(root_.c_str(), &status) != 0) {
      throw Error(ErrorKind::kUsage,
                  fmt::format("sources.input: {}: {}", printable(input), std::strerror(errno)));
    }
    if (S_ISDIR(status.st_mode)) {
      visit_directory(fs::path(), status);
    } else {
      // Named by the user: taken whatever its extension.
      root_ = root_.parent_path();
      visit_file(fs::absolute(input).filename(), status);
    }
    while (!links_.empty()) {
      const fs::path link = links_.front();
      links_.pop_front();
      follow(link);
    }
    sort_this_input();
  }

  Listing take() { return std::move(listing_); }

 private:
  using Identity = std::pair<dev_t, ino_t>;

  static Identity identity_of(const struct stat& status) { return {status.st_dev, status.st_ino}; }

  bool is_listed_extension(const fs::path& path) const {
    const std::string extension = path.extension().string();
    return !extension.empty() && extensions_.contains(lower(extension.substr(1)));
  }

  void drop(const fs::path& relative, const char* reason, std::string detail) {
    Drop found{.reason = reason, .detail = std::move(detail)};
    found.source_path = printable(relative.empty() ? name_ : relative);
    listing_.drops.push_back(std::move(found));
  }

  void visit_directory(const fs::path& top, const struct stat& top_status) {
    std::vector<std::pair<fs::path, struct stat>> open = {{top, top_status}};
    while (!open.empty()) {
      const auto [relative, status] = open.back();
      open.pop_back();
      const auto [seen, is_new] = seen_.emplace(identity_of(status), root_ / relative);
      if (!is_new) {
        drop(relative, "duplicate",
             fmt::format("the same directory as {}, which is listed", printable(seen->second)));
        continue;
      }
      for (const fs::path& name : names_in(relative)) {
        const fs::path child = relative / name;
        struct stat child_status{};
        if (::lstat((root_ / child).c_str(), &child_status) != 0) {
          if (may_matter(child)) drop(child, "unreadable", std::strerror(errno));
        } else if (S_ISLNK(child_status.st_mode)) {
          links_.push_back(child);
        } else if (S_ISDIR(child_status.st_mode)) {
          open.emplace_back(child, child_status);
        } else if (is_listed_extension(child)) {
          visit_file(child, child_status);
        }
      }
    }
  }

  /// Sorted; what can't be read any further ends the list with a drop.
  std::vector<fs::path> names_in(const fs::path& relative) {
    std::vector<fs::path> names;
    std::error_code error;
    fs::directory_iterator entry(root_ / relative, error);
    while (!error && entry != fs::directory_iterator()) {
      names.push_back(entry->path().filename());
      entry.increment(error);
    }
    if (error) drop(relative, "unreadable", "directory: " + error.message());
    std::sort(names.begin(), names.end(),
              [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
    return names;
  }

  /// Whether what lies behind a name that can't be looked at could have been a video or a folder.
  bool may_matter(const fs::path& path) const {
    return is_listed_extension(path) || !path.has_extension();
  }

  void follow(const fs::path& link) {
    struct stat status{};
    if (::stat((root_ / link).c_str(), &status) != 0) {
      if (!may_matter(link)) return;
      if (errno == ELOOP) {
        drop(link, "link_loop", "a symbolic link that leads to itself");
      } else if (errno == ENOENT || errno == ENOTDIR) {
        std::error_code error;
        drop(link, "dangling_link",
             "leads to " + printable(fs::read_symlink(root_ / link, error)) +
                 ", which doesn't exist");
      } else {
        drop(link, "unreadable", std::strerror(errno));
      }
      return;
    }
    if (S_ISDIR(status.st_mode)) {
      if (encloses(link, identity_of(status))) {
        drop(link, "link_loop", "a symbolic link to a directory that contains it");
      } else {
        visit_directory(link, status);
      }
    } else if (is_listed_extension(link)) {
      visit_file(link, status);
    }
  }

  /// Whether the directory is one of those above `path` within the input.
  bool encloses(const fs::path& path, Identity directory) const {
    for (fs::path above = path.parent_path();; above = above.parent_path()) {
      struct stat status{};
      if (::stat((root_ / above).c_str(), &status) == 0 && identity_of(status) == directory)
        return true;
      if (above.empty()) return false;
    }
  }

  void visit_file(const fs::path& relative, const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
      drop(relative, "not_a_file", kind_of(status.st_mode));
      return;
    }
    if (status.st_size == 0) {
      drop(relative, "empty", "the file has no bytes");
      return;
    }
    const auto [seen, is_new] = seen_.emplace(identity_of(status), root_ / relative);
    if (!is_new) {
      drop(relative, "duplicate",
           fmt::format("the same file as {}, which is listed", printable(seen->second)));
      return;
    }
    listing_.files.push_back(
        {.file = root_ / relative,
         .relative = relative,
         .bytes = static_cast<std::uintmax_t>(status.st_size),
         .modified_ns = static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 +
                        status.st_mtim.tv_nsec});
  }

  void sort_this_input() {
    std::sort(listing_.files.begin() + static_cast<std::ptrdiff_t>(first_file_),
              listing_.files.end(), [](const SourceFile& a, const SourceFile& b) {
                return a.relative.native() < b.relative.native();
              });
    std::sort(listing_.drops.begin() + static_cast<std::ptrdiff_t>(first_drop_),
              listing_.drops.end(),
              [](const Drop& a, const Drop& b) { return a.source_path < b.source_path; });
  }

  std::set<std::string> extensions_;
  fs::path root_;  ///< of the input being searched, absolute
  fs::path name_;  ///< the same as the user wrote it
  std::deque<fs::path> links_;
  std::map<Identity, fs::path> seen_;
  Listing listing_;
  std::size_t first_file_ = 0;
  std::size_t first_drop_ = 0;
};

}  // namespace

Listing list_sources(const config::Sources& config) {
  Search search(config);
  for (const std::string& input : config.input) search.add_input(input);
  return search.take();
}

}  // namespace ditto::stages
