#include "mvcc/backend.h"

#include <utility>

#include "base/check.h"
#include "mvcc/kv_codec.h"

namespace keelson::mvcc {
namespace {

constexpr size_t kIdleReadersMax = 3;

// auto_vacuum and page_size count only while the file is empty, journal_mode stays in the file.
constexpr const char* kLayout =
    "PRAGMA page_size=8192; PRAGMA auto_vacuum=NONE; PRAGMA secure_delete=OFF;";
constexpr const char* kJournal = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL";
constexpr const char* kTables =
    "CREATE TABLE history(seq INTEGER PRIMARY KEY, main INTEGER, sub INTEGER, flags INTEGER,"
    " prev INTEGER, kv BLOB);"
    "CREATE TABLE bucket(name TEXT, key BLOB, value BLOB, PRIMARY KEY(name, key)) WITHOUT ROWID;"
    "CREATE TABLE meta(id INTEGER PRIMARY KEY, cluster INTEGER, member INTEGER,"
    " generation INTEGER, applied INTEGER, term INTEGER, last_seq INTEGER, drops INTEGER);";

Status damaged(const std::string& path, const std::string& what) {
  return Status(Code::kDataLoss,
                "the state database is damaged: " + path + ": " + what +
                    "; restore this member from a snapshot or from the other members");
}

}  // namespace

std::string generation_dir(const std::string& dir, uint64_t generation) {
  return dir + "/state-" + std::to_string(generation);
}

// --- schema ---

const char* state_layout() { return kLayout; }

Status make_schema(Database& db, const StateMeta& meta) {
  const std::string marks = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                            "; PRAGMA user_version=" + std::to_string(kStateFormat);
  for (const char* sql : {"BEGIN IMMEDIATE", kTables, marks.c_str()}) {
    if (const Status status = db.exec(sql); !status.ok()) return status;
  }
  auto insert = db.prepare("INSERT INTO meta VALUES(1, ?, ?, ?, ?, ?, ?, ?)");
  if (!insert.ok()) return insert.status();
  insert->bind(1, meta.identity.cluster.value);
  insert->bind(2, meta.identity.member.value);
  insert->bind(3, meta.generation);
  insert->bind(4, meta.applied.value);
  insert->bind(5, meta.term.value);
  insert->bind(6, meta.last_seq.value);
  insert->bind(7, meta.drops);
  const int rc = insert->step();
  insert->reset();
  if (rc != SQLITE_DONE) return db.failure(rc);
  return db.exec("COMMIT");
}

Result<StateMeta> read_meta(Database& db) {
  auto select = db.prepare(
      "SELECT cluster, member, generation, applied, term, last_seq, drops FROM meta WHERE id=1");
  if (!select.ok()) return select.status();
  const int rc = select->step();
  if (rc != SQLITE_ROW) return db.failure(rc == SQLITE_DONE ? SQLITE_CORRUPT : rc);
  StateMeta meta;
  meta.identity.cluster = ClusterId(select->natural(0));
  meta.identity.member = MemberId(select->natural(1));
  meta.generation = select->natural(2);
  meta.applied = Index(select->natural(3));
  meta.term = Term(select->natural(4));
  meta.last_seq = Seq(select->natural(5));
  meta.drops = select->natural(6);
  return meta;
}

Status check_format(Database& db, const std::string& path) {
  const auto application = db.integer("PRAGMA application_id");
  if (!application.ok()) return application.status();
  if (*application != kApplicationId) {
    return Status(Code::kFailedPrecondition,
                  path +
                      " is a SQLite file, but not a state database of this program; "
                      "is the data directory the right one?");
  }
  const auto format = db.integer("PRAGMA user_version");
  if (!format.ok()) return format.status();
  if (*format > kStateFormat) {
    return Status(Code::kFailedPrecondition,
                  path + " was written by a newer version (format " + std::to_string(*format) +
                      ", this one reads up to " + std::to_string(kStateFormat) +
                      "); start that version");
  }
  if (*format < 1) return damaged(path, "format " + std::to_string(*format));
  return Status();
}

// --- backend ---

Result<std::shared_ptr<Backend>> Backend::create(io::FileSystem& fs, const std::string& dir,
                                                 const StateMeta& meta, const Options& options) {
  const std::string own = generation_dir(dir, meta.generation);
  const auto there = fs.exists(own + kStateFile);
  if (!there.ok()) return there.status();
  if (*there) return Status(Code::kAlreadyExists, own + kStateFile + " exists already");
  if (const Status status = fs.make_dir(own); !status.ok()) return status;
  auto backend = std::make_shared<Backend>(fs, own, options.unsafe_no_sync);
  if (const Status status = backend->create_schema(meta); !status.ok()) return status;
  for (const std::string& made : {own, dir}) {
    if (const Status status = fs.sync_dir(made); !status.ok()) return status;
  }
  backend->meta_ = meta;
  return backend;
}

Status Backend::create_schema(const StateMeta& meta) {
  auto db = Database::open(vfs_, path_, Database::Mode::kCreate);
  if (!db.ok()) return db.status();
  for (const char* sql : {kLayout, kJournal}) {
    if (const Status status = db->exec(sql); !status.ok()) return status;
  }
  if (const Status status = make_schema(*db, meta); !status.ok()) return status;
  return db->exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<std::shared_ptr<Backend>> Backend::open(io::FileSystem& fs, const std::string& dir,
                                               const Options& options) {
  const std::string own = generation_dir(dir, options.generation);
  const auto there = fs.exists(own + kStateFile);
  if (!there.ok()) return there.status();
  if (!*there) {
    return Status(Code::kNotFound, own + kStateFile +
                                       " is missing, but the log says that it is current; "
                                       "restore this member from a snapshot");
  }
  auto backend = std::make_shared<Backend>(fs, own, options.unsafe_no_sync);
  if (const Status status = backend->check(options.generation); !status.ok()) return status;
  return backend;
}

Status Backend::check(uint64_t generation) {
  auto db = Database::open(vfs_, path_, Database::Mode::kReadWrite);
  if (!db.ok()) return db.status();
  if (const Status status = check_format(*db, path_); !status.ok()) return status;
  const auto meta = read_meta(*db);
  if (!meta.ok()) return meta.status();
  if (meta->generation != generation) {
    return Status(Code::kFailedPrecondition,
                  path_ + " says that it is generation " + std::to_string(meta->generation) +
                      ", not " + std::to_string(generation) + "; directories were mixed up");
  }
  meta_ = *meta;
  return db->exec(kJournal);  // a copy comes without a journal of its own
}

// --- reading ---

Result<std::unique_ptr<Reader>> Reader::open(const io::SqliteVfs& vfs, const std::string& path) {
  auto db = Database::open(vfs, path, Database::Mode::kReadOnly);
  if (!db.ok()) return db.status();
  if (const Status status = db->exec("PRAGMA cache_size=-1024"); !status.ok()) return status;
  std::unique_ptr<Reader> reader(new Reader(std::move(*db)));
  const std::pair<Statement*, const char*> statements[] = {
      {&reader->value_, "SELECT kv FROM history WHERE seq=?"},
      {&reader->scan_,
       "SELECT seq, main, sub, flags, prev, kv FROM history WHERE seq>=? AND seq<=? ORDER BY seq"},
      {&reader->probe_, "SELECT seq, main FROM history WHERE seq>=? ORDER BY seq LIMIT 1"},
      {&reader->begin_, "BEGIN"},
      {&reader->end_, "COMMIT"},
  };
  for (const auto& [statement, sql] : statements) {
    auto made = reader->db_.prepare(sql);
    if (!made.ok()) return made.status();
    *statement = std::move(*made);
  }
  return reader;
}

Status Reader::begin() {
  const int rc = begin_.step();
  begin_.reset();
  return rc == SQLITE_DONE ? Status() : db_.failure(rc);
}

void Reader::end() {
  const int rc = end_.step();
  end_.reset();
  CHECK(rc == SQLITE_DONE);  // a read transaction has nothing that could fail
}

HistoryRow Reader::current_row() {
  HistoryRow row;
  row.seq = Seq(scan_.natural(0));
  row.main = Revision(scan_.integer(1));
  row.sub = static_cast<uint32_t>(scan_.integer(2));
  row.tombstone = (scan_.integer(3) & 1) != 0;
  row.prev_seq = Seq(scan_.natural(4));
  row.kv = scan_.blob(5);
  return row;
}

Result<Reader::Probe> Reader::probe(Seq seq) {
  ResetAtEnd reset(probe_);
  probe_.bind(1, seq.value);
  const int rc = probe_.step();
  if (rc == SQLITE_DONE) return Probe{};
  if (rc != SQLITE_ROW) return db_.failure(rc);
  return Probe{.seq = Seq(probe_.natural(0)), .main = Revision(probe_.integer(1))};
}

Result<StateMeta> Reader::meta() { return read_meta(db_); }

Result<std::vector<Loaded::Row>> Reader::rows() {
  auto select = db_.prepare("SELECT name, key, value FROM bucket ORDER BY name, key");
  if (!select.ok()) return select.status();
  std::vector<Loaded::Row> rows;
  int rc = SQLITE_DONE;
  while ((rc = select->step()) == SQLITE_ROW) {
    const auto bucket = bucket_by_name(select->blob(0));
    if (!bucket) return db_.failure(SQLITE_CORRUPT);
    rows.push_back({.bucket = *bucket,
                    .key = std::string(select->blob(1)),
                    .value = std::string(select->blob(2))});
  }
  if (rc != SQLITE_DONE) return db_.failure(rc);
  return rows;
}

Result<ReaderPool::Checkout> ReaderPool::checkout() {
  std::unique_ptr<Reader> reader;
  {
    MutexLock lock(mutex_);
    if (!idle_.empty()) {
      reader = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!reader) {
    auto made = Reader::open(vfs_, path_);
    if (!made.ok()) return made.status();
    reader = std::move(*made);
  }
  if (gauge_ != nullptr) gauge_->add(1);
  return Checkout(*this, std::move(reader));
}

void ReaderPool::give_back(std::unique_ptr<Reader> reader) {
  if (gauge_ != nullptr) gauge_->add(-1);
  MutexLock lock(mutex_);
  if (idle_.size() < kIdleReadersMax) idle_.push_back(std::move(reader));
}

}  // namespace keelson::mvcc
