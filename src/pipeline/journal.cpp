#include "ditto/pipeline/journal.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <unistd.h>

#include <mutex>

#include "ditto/core/error.h"

namespace ditto::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr int kSchemaVersion = 1;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string name_of(TaskShare share) {
  return fmt::format("task-{}-of-{}", share.index, share.count);
}

[[noreturn]] void fail(const fs::path& path, const std::exception& e) {
  throw Error(ErrorKind::kFatal, fmt::format("journal {}: {}", printable(path), e.what()));
}

void create_tables(SQLite::Database& db) {
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  db.exec(
      "CREATE TABLE IF NOT EXISTS runs(id INTEGER PRIMARY KEY, started REAL, ended REAL, "
      "config TEXT, host TEXT, pid INTEGER, exit_status INTEGER);"
      "CREATE TABLE IF NOT EXISTS attempts(id INTEGER PRIMARY KEY, run INTEGER, time REAL, key "
      "TEXT, "
      "stage TEXT, fingerprint TEXT, result TEXT, seconds REAL, cpu_seconds REAL, error TEXT);"
      "CREATE INDEX IF NOT EXISTS attempts_by_key ON attempts(key);"
      "CREATE TABLE IF NOT EXISTS units(unit INTEGER PRIMARY KEY, fingerprint TEXT, finished REAL, "
      "accepted INTEGER, rejected INTEGER, quarantined INTEGER);"
      "CREATE TABLE IF NOT EXISTS heartbeat(id INTEGER PRIMARY KEY CHECK (id = 0), time REAL, "
      "units_planned INTEGER, units_done INTEGER, samples_done INTEGER, doing TEXT);");
  db.exec(fmt::format("PRAGMA user_version={}", kSchemaVersion));
}

}  // namespace

struct Journal::State {
  State(fs::path file, FileLock task_lock)
      : path(std::move(file)),
        lock(std::move(task_lock)),
        db(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 10000) {}

  template <class F>
  void write(F&& statement) {
    std::lock_guard guard(mutex);
    try {
      statement();
    } catch (const SQLite::Exception& e) {
      fail(path, e);
    }
  }

  fs::path path;
  FileLock lock;
  std::mutex mutex;
  SQLite::Database db;
  std::int64_t run = 0;
};

Journal::Journal(const fs::path& out, TaskShare share, const std::string& config_fingerprint) {
  const fs::path base = out / "journal" / name_of(share);
  auto lock = FileLock::try_acquire(fs::path(base).concat(".lock"));
  if (!lock) {
    throw Error(ErrorKind::kUsage,
                fmt::format("another ditto is working on {} as task {}/{}; wait for it, "
                            "or give each process a --task of its own",
                            printable(out), share.index, share.count));
  }
  const fs::path path = fs::path(base).concat(".sqlite");
  try {
    state_ = std::make_unique<State>(path, std::move(*lock));
    create_tables(state_->db);
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    SQLite::Statement insert(state_->db,
                             "INSERT INTO runs(started, config, host, pid) VALUES (?, ?, ?, ?)");
    insert.bind(1, now_seconds());
    insert.bind(2, config_fingerprint);
    insert.bind(3, std::string(host.data()));
    insert.bind(4, static_cast<std::int64_t>(::getpid()));
    insert.exec();
    state_->run = state_->db.getLastInsertRowid();
  } catch (const SQLite::Exception& e) {
    fail(path, e);
  }
}

Journal::~Journal() = default;

void Journal::record(const Attempt& attempt) {
  state_->write([&] {
    SQLite::Statement insert(
        state_->db,
        "INSERT INTO attempts(run, time, key, stage, fingerprint, result, seconds, "
        "cpu_seconds, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, state_->run);
    insert.bind(2, now_seconds());
    insert.bind(3, attempt.key);
    insert.bind(4, attempt.stage);
    insert.bind(5, attempt.fingerprint);
    insert.bind(6, attempt.result);
    insert.bind(7, attempt.seconds);
    insert.bind(8, attempt.cpu_seconds);
    insert.bind(9, attempt.error);
    insert.exec();
  });
}

void Journal::record_unit(std::int64_t unit, const std::string& fingerprint, std::int64_t accepted,
                          std::int64_t rejected, std::int64_t quarantined) {
  state_->write([&] {
    SQLite::Statement insert(state_->db, "INSERT OR REPLACE INTO units VALUES (?, ?, ?, ?, ?, ?)");
    insert.bind(1, unit);
    insert.bind(2, fingerprint);
    insert.bind(3, now_seconds());
    insert.bind(4, accepted);
    insert.bind(5, rejected);
    insert.bind(6, quarantined);
    insert.exec();
  });
}

void Journal::heartbeat(std::int64_t units_planned, std::int64_t units_done,
                        std::int64_t samples_done, const std::string& doing) {
  state_->write([&] {
    SQLite::Statement insert(state_->db,
                             "INSERT OR REPLACE INTO heartbeat VALUES (0, ?, ?, ?, ?, ?)");
    insert.bind(1, now_seconds());
    insert.bind(2, units_planned);
    insert.bind(3, units_done);
    insert.bind(4, samples_done);
    insert.bind(5, doing);
    insert.exec();
  });
}

void Journal::end_run(int exit_status) {
  state_->write([&] {
    SQLite::Statement update(state_->db, "UPDATE runs SET ended=?, exit_status=? WHERE id=?");
    update.bind(1, now_seconds());
    update.bind(2, exit_status);
    update.bind(3, state_->run);
    update.exec();
  });
}

namespace {

TaskStatus read_journal(const fs::path& path) {
  TaskStatus status;
  status.name = path.stem().string();
  status.running = !FileLock::try_acquire(fs::path(path).replace_extension(".lock"));
  SQLite::Database db(path.string(), SQLite::OPEN_READONLY, 10000);
  SQLite::Statement beat(
      db, "SELECT time, units_planned, units_done, samples_done, doing FROM heartbeat");
  if (beat.executeStep()) {
    status.last_heartbeat = beat.getColumn(0).getDouble();
    status.units_planned = beat.getColumn(1).getInt64();
    status.units_done = beat.getColumn(2).getInt64();
    status.samples_done = beat.getColumn(3).getInt64();
    status.doing = beat.getColumn(4).getString();
  }
  SQLite::Statement run(db, "SELECT exit_status FROM runs ORDER BY id DESC LIMIT 1");
  if (run.executeStep() && !run.getColumn(0).isNull())
    status.exit_status = run.getColumn(0).getInt();
  SQLite::Statement costs(
      db,
      "SELECT stage, COUNT(*), SUM(result='failed'), SUM(seconds), SUM(cpu_seconds) "
      "FROM attempts GROUP BY stage ORDER BY MIN(id)");
  while (costs.executeStep()) {
    status.costs.push_back({costs.getColumn(0).getString(), costs.getColumn(1).getInt64(),
                            costs.getColumn(2).getInt64(), costs.getColumn(3).getDouble(),
                            costs.getColumn(4).getDouble()});
  }
  SQLite::Statement errors(db,
                           "SELECT key, stage, error FROM attempts WHERE result='failed' "
                           "ORDER BY id DESC LIMIT 5");
  while (errors.executeStep()) {
    status.recent_errors.push_back(fmt::format("{} ({}): {}", errors.getColumn(0).getString(),
                                               errors.getColumn(1).getString(),
                                               errors.getColumn(2).getString()));
  }
  return status;
}

}  // namespace

std::vector<TaskStatus> read_journals(const fs::path& out) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(out / "journal", error)) {
    if (entry.path().extension() == ".sqlite") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<TaskStatus> statuses;
  for (const fs::path& file : files) {
    try {
      statuses.push_back(read_journal(file));
    } catch (const SQLite::Exception& e) {
      fail(file, e);
    }
  }
  return statuses;
}

}  // namespace ditto::pipeline
