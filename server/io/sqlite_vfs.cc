#include "io/sqlite_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <map>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"

namespace keelson::io {
namespace {

constexpr size_t kGatherBytesMax = 128 * 1024;
constexpr int kPathBytesMax = 4096;
constexpr int kSectorBytes = 4096;

// What the connections of one database share: its file locks and the regions of the WAL index.
struct SharedFile {
  Mutex mutex;
  int users GUARDED_BY(mutex) = 0;
  int shared_locks GUARDED_BY(mutex) = 0;
  const void* reserved GUARDED_BY(mutex) = nullptr;
  const void* pending GUARDED_BY(mutex) = nullptr;  // wants or has the exclusive lock
  int mappings GUARDED_BY(mutex) = 0;
  std::vector<std::unique_ptr<char[]>> regions GUARDED_BY(mutex);
  int slot_shared[SQLITE_SHM_NLOCK] GUARDED_BY(mutex) = {};
  bool slot_exclusive[SQLITE_SHM_NLOCK] GUARDED_BY(mutex) = {};
};

std::string parent_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

struct SqliteVfs::Impl {
  FileSystem* fs = nullptr;
  bool no_sync = false;
  std::string name;
  sqlite3_vfs vfs = {};
  sqlite3_vfs* system = nullptr;  // for randomness, sleep and time
  mutable Mutex mutex;
  std::map<std::string, std::shared_ptr<SharedFile>> shared GUARDED_BY(mutex);
  std::string last_error GUARDED_BY(mutex);

  int failed(const Status& status, int code) {
    MutexLock lock(mutex);
    last_error = status.text();
    return is_no_space(status) ? SQLITE_FULL : code;
  }
  std::shared_ptr<SharedFile> share(const std::string& path) {
    MutexLock lock(mutex);
    auto& slot = shared[path];
    if (!slot) slot = std::make_shared<SharedFile>();
    MutexLock file_lock(slot->mutex);
    ++slot->users;
    return slot;
  }
  void unshare(const std::string& path) {
    MutexLock lock(mutex);
    const auto found = shared.find(path);
    CHECK(found != shared.end());
    const std::shared_ptr<SharedFile> file = found->second;
    MutexLock file_lock(file->mutex);
    if (--file->users == 0) shared.erase(found);
  }
};

namespace {

// One open file of one connection; used by one thread at a time.
class OpenFile {
 public:
  OpenFile(SqliteVfs::Impl& vfs, std::unique_ptr<File> file, std::string path, bool created,
           bool database)
      : vfs_(vfs), file_(std::move(file)), path_(std::move(path)), created_(created) {
    if (database) shared_ = vfs_.share(path_);
  }
  ~OpenFile() {
    if (!shared_) return;
    unmap();
    unlock(SQLITE_LOCK_NONE);
    vfs_.unshare(path_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int read(uint64_t offset, std::span<char> out);
  int write(uint64_t offset, std::string_view data);
  int flush();
  int sync();
  int truncate(uint64_t size);
  int size(sqlite3_int64* out);

  int lock(int level);
  int unlock(int level);
  bool reserved_lock_held();

  int map(int region, size_t bytes, bool extend, void volatile** out);
  int lock_slots(unsigned mask, bool exclusive);
  void unlock_slots(unsigned mask, bool exclusive);
  void unmap();
  void barrier();

 private:
  SqliteVfs::Impl& vfs_;
  const std::unique_ptr<File> file_;
  const std::string path_;
  std::shared_ptr<SharedFile> shared_;  // of a database; null for a journal
  bool created_;                        // its name is not synced yet
  std::string gathered_;
  uint64_t gathered_at_ = 0;
  int level_ = SQLITE_LOCK_NONE;
  bool mapped_ = false;
  unsigned held_shared_ = 0;
  unsigned held_exclusive_ = 0;
};

int OpenFile::read(uint64_t offset, std::span<char> out) {
  if (const int rc = flush(); rc != SQLITE_OK) return rc;
  const auto got = file_->read_at(offset, out);
  if (!got.ok()) return vfs_.failed(got.status(), SQLITE_IOERR_READ);
  if (*got == out.size()) return SQLITE_OK;
  std::memset(out.data() + *got, 0, out.size() - *got);
  return SQLITE_IOERR_SHORT_READ;
}

int OpenFile::write(uint64_t offset, std::string_view data) {
  const bool follows = offset == gathered_at_ + gathered_.size();
  if (!follows || gathered_.size() + data.size() > kGatherBytesMax) {
    if (const int rc = flush(); rc != SQLITE_OK) return rc;
    gathered_at_ = offset;
  }
  gathered_.append(data);
  return gathered_.size() < kGatherBytesMax ? SQLITE_OK : flush();
}

int OpenFile::flush() {
  if (gathered_.empty()) return SQLITE_OK;
  const Status status = file_->write_at(gathered_at_, gathered_);
  gathered_at_ += gathered_.size();
  gathered_.clear();
  return status.ok() ? SQLITE_OK : vfs_.failed(status, SQLITE_IOERR_WRITE);
}

int OpenFile::sync() {
  if (const int rc = flush(); rc != SQLITE_OK) return rc;
  if (vfs_.no_sync) return SQLITE_OK;
  if (const Status status = file_->sync(); !status.ok()) {
    return vfs_.failed(status, SQLITE_IOERR_FSYNC);
  }
  if (!created_) return SQLITE_OK;
  if (const Status status = vfs_.fs->sync_dir(parent_of(path_)); !status.ok()) {
    return vfs_.failed(status, SQLITE_IOERR_DIR_FSYNC);
  }
  created_ = false;
  return SQLITE_OK;
}

int OpenFile::truncate(uint64_t bytes) {
  if (const int rc = flush(); rc != SQLITE_OK) return rc;
  const Status status = file_->truncate(bytes);
  return status.ok() ? SQLITE_OK : vfs_.failed(status, SQLITE_IOERR_TRUNCATE);
}

int OpenFile::size(sqlite3_int64* out) {
  if (const int rc = flush(); rc != SQLITE_OK) return rc;
  const auto bytes = file_->size();
  if (!bytes.ok()) return vfs_.failed(bytes.status(), SQLITE_IOERR_FSTAT);
  *out = static_cast<sqlite3_int64>(*bytes);
  return SQLITE_OK;
}

int OpenFile::lock(int level) {
  if (!shared_ || level_ >= level) return SQLITE_OK;
  MutexLock guard(shared_->mutex);
  const auto other = [this](const void* owner) { return owner != nullptr && owner != this; };
  if (level_ == SQLITE_LOCK_NONE) {
    if (other(shared_->pending)) return SQLITE_BUSY;
    ++shared_->shared_locks;
    level_ = SQLITE_LOCK_SHARED;
  }
  if (level == SQLITE_LOCK_SHARED) return SQLITE_OK;
  if (other(shared_->reserved) || other(shared_->pending)) return SQLITE_BUSY;
  shared_->reserved = this;
  level_ = SQLITE_LOCK_RESERVED;
  if (level == SQLITE_LOCK_RESERVED) return SQLITE_OK;
  shared_->pending = this;
  level_ = SQLITE_LOCK_PENDING;
  if (shared_->shared_locks > 1) return SQLITE_BUSY;
  level_ = SQLITE_LOCK_EXCLUSIVE;
  return SQLITE_OK;
}

int OpenFile::unlock(int level) {
  const int rc = flush();
  if (!shared_ || level_ <= level) return rc;
  MutexLock guard(shared_->mutex);
  if (shared_->reserved == this) shared_->reserved = nullptr;
  if (shared_->pending == this) shared_->pending = nullptr;
  if (level == SQLITE_LOCK_NONE) --shared_->shared_locks;
  CHECK(shared_->shared_locks >= 0);
  level_ = level;
  return rc;
}

bool OpenFile::reserved_lock_held() {
  if (!shared_) return false;
  MutexLock guard(shared_->mutex);
  return shared_->reserved != nullptr;
}

int OpenFile::map(int region, size_t bytes, bool extend, void volatile** out) {
  CHECK(shared_ != nullptr);
  MutexLock guard(shared_->mutex);
  if (!mapped_) ++shared_->mappings;
  mapped_ = true;
  const auto wanted = static_cast<size_t>(region);
  *out = nullptr;
  while (shared_->regions.size() <= wanted) {
    if (!extend) return SQLITE_OK;
    shared_->regions.push_back(std::make_unique<char[]>(bytes));  // zeroed
  }
  *out = shared_->regions[wanted].get();
  return SQLITE_OK;
}

int OpenFile::lock_slots(unsigned mask, bool exclusive) {
  MutexLock guard(shared_->mutex);
  for (int i = 0; i < SQLITE_SHM_NLOCK; ++i) {
    const unsigned bit = 1u << i;
    if ((mask & bit) == 0) continue;
    if (shared_->slot_exclusive[i] && (held_exclusive_ & bit) == 0) return SQLITE_BUSY;
    const int mine = (held_shared_ & bit) != 0 ? 1 : 0;
    if (exclusive && shared_->slot_shared[i] > mine) return SQLITE_BUSY;
  }
  for (int i = 0; i < SQLITE_SHM_NLOCK; ++i) {
    const unsigned bit = 1u << i;
    if ((mask & bit) == 0) continue;
    if (exclusive) shared_->slot_exclusive[i] = true;
    if (!exclusive && (held_shared_ & bit) == 0) ++shared_->slot_shared[i];
  }
  (exclusive ? held_exclusive_ : held_shared_) |= mask;
  return SQLITE_OK;
}

void OpenFile::unlock_slots(unsigned mask, bool exclusive) {
  MutexLock guard(shared_->mutex);
  unsigned& held = exclusive ? held_exclusive_ : held_shared_;
  for (int i = 0; i < SQLITE_SHM_NLOCK; ++i) {
    if ((mask & held & (1u << i)) == 0) continue;
    if (exclusive) shared_->slot_exclusive[i] = false;
    if (!exclusive) --shared_->slot_shared[i];
  }
  held &= ~mask;
}

// The last one to leave drops the WAL index; the next one builds it anew from the journal.
void OpenFile::unmap() {
  if (!mapped_) return;
  unlock_slots(held_shared_, false);
  unlock_slots(held_exclusive_, true);
  MutexLock guard(shared_->mutex);
  mapped_ = false;
  if (--shared_->mappings == 0) shared_->regions.clear();
}

void OpenFile::barrier() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  MutexLock guard(shared_->mutex);
}

// --- the C interface ---

struct Handle {
  sqlite3_file base;
  OpenFile* open;
};

OpenFile& of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file)->open; }
SqliteVfs::Impl& of(sqlite3_vfs* vfs) { return *static_cast<SqliteVfs::Impl*>(vfs->pAppData); }

int close_file(sqlite3_file* file) {
  const int rc = of(file).flush();
  delete &of(file);
  file->pMethods = nullptr;
  return rc;
}

int read_file(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
  return of(file).read(static_cast<uint64_t>(offset),
                       {static_cast<char*>(out), static_cast<size_t>(bytes)});
}

int write_file(sqlite3_file* file, const void* data, int bytes, sqlite3_int64 offset) {
  return of(file).write(static_cast<uint64_t>(offset),
                        {static_cast<const char*>(data), static_cast<size_t>(bytes)});
}

int truncate_file(sqlite3_file* file, sqlite3_int64 bytes) {
  return of(file).truncate(static_cast<uint64_t>(bytes));
}

int sync_file(sqlite3_file* file, int) { return of(file).sync(); }
int size_of_file(sqlite3_file* file, sqlite3_int64* out) { return of(file).size(out); }
int lock_file(sqlite3_file* file, int level) { return of(file).lock(level); }
int unlock_file(sqlite3_file* file, int level) { return of(file).unlock(level); }

int check_reserved_lock(sqlite3_file* file, int* out) {
  *out = of(file).reserved_lock_held() ? 1 : 0;
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kSectorBytes; }

// A write does not change the bytes around it: true for a file system that writes whole blocks, and
// it spares padding the journal at each commit.
int device_characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

int map_region(sqlite3_file* file, int region, int bytes, int extend, void volatile** out) {
  return of(file).map(region, static_cast<size_t>(bytes), extend != 0, out);
}

int lock_region(sqlite3_file* file, int first, int count, int flags) {
  const unsigned mask = ((1u << count) - 1) << first;
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if ((flags & SQLITE_SHM_LOCK) != 0) return of(file).lock_slots(mask, exclusive);
  of(file).unlock_slots(mask, exclusive);
  return SQLITE_OK;
}

void barrier_region(sqlite3_file* file) { of(file).barrier(); }

int unmap_region(sqlite3_file* file, int) {
  of(file).unmap();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = map_region,
    .xShmLock = lock_region,
    .xShmBarrier = barrier_region,
    .xShmUnmap = unmap_region,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

OpenMode mode_of(int flags) {
  if ((flags & SQLITE_OPEN_READONLY) != 0) return OpenMode::kReadOnly;
  if ((flags & SQLITE_OPEN_CREATE) != 0) return OpenMode::kCreate;
  return OpenMode::kReadWrite;
}

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* out, int flags, int* out_flags) {
  SqliteVfs::Impl& impl = of(vfs);
  out->pMethods = nullptr;
  if (path == nullptr) return SQLITE_CANTOPEN;  // a temporary file: temp_store is MEMORY
  const auto existed = impl.fs->exists(path);
  if (!existed.ok()) return impl.failed(existed.status(), SQLITE_CANTOPEN);
  auto file = impl.fs->open(path, mode_of(flags));
  if (!file.ok()) return impl.failed(file.status(), SQLITE_CANTOPEN);
  const bool database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  auto* handle = reinterpret_cast<Handle*>(out);
  handle->open = new OpenFile(impl, std::move(*file), path, !*existed, database);
  handle->base.pMethods = &kMethods;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* path, int sync_parent) {
  SqliteVfs::Impl& impl = of(vfs);
  if (const auto there = impl.fs->exists(path); there.ok() && !*there) {
    return SQLITE_IOERR_DELETE_NOENT;
  }
  if (const Status status = impl.fs->remove(path); !status.ok()) {
    return impl.failed(status, SQLITE_IOERR_DELETE);
  }
  if (sync_parent == 0 || impl.no_sync) return SQLITE_OK;
  const Status status = impl.fs->sync_dir(parent_of(path));
  return status.ok() ? SQLITE_OK : impl.failed(status, SQLITE_IOERR_DIR_FSYNC);
}

int access_file(sqlite3_vfs* vfs, const char* path, int, int* out) {
  const auto there = of(vfs).fs->exists(path);
  if (!there.ok()) return of(vfs).failed(there.status(), SQLITE_IOERR_ACCESS);
  *out = *there ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* path, int bytes, char* out) {
  const size_t size = std::strlen(path);
  if (size >= static_cast<size_t>(bytes)) return SQLITE_CANTOPEN;
  std::memcpy(out, path, size + 1);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  sqlite3_vfs* system = of(vfs).system;
  return system->xRandomness(system, bytes, out);
}

int sleep_for(sqlite3_vfs* vfs, int microseconds) {
  sqlite3_vfs* system = of(vfs).system;
  return system->xSleep(system, microseconds);
}

int current_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_vfs* system = of(vfs).system;
  return system->xCurrentTime(system, out);
}

int get_last_error(sqlite3_vfs*, int, char*) { return 0; }

// Counting every allocation costs a process-wide lock; nobody asks for the numbers.
void prepare_sqlite() {
  static const int rc = [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return sqlite3_initialize();
  }();
  CHECK(rc == SQLITE_OK);
}

}  // namespace

SqliteVfs::SqliteVfs(FileSystem& fs, bool no_sync) : impl_(std::make_unique<Impl>()) {
  prepare_sqlite();
  static std::atomic<uint64_t> number{0};
  impl_->fs = &fs;
  impl_->no_sync = no_sync;
  impl_->name = "keelson-" + std::to_string(++number);
  impl_->system = sqlite3_vfs_find(nullptr);
  CHECK(impl_->system != nullptr);
  sqlite3_vfs& vfs = impl_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = kPathBytesMax;
  vfs.zName = impl_->name.c_str();
  vfs.pAppData = impl_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep_for;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = get_last_error;
  CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

SqliteVfs::~SqliteVfs() {
  sqlite3_vfs_unregister(&impl_->vfs);
  MutexLock lock(impl_->mutex);
  CHECK(impl_->shared.empty());
}

const char* SqliteVfs::name() const { return impl_->name.c_str(); }

std::string SqliteVfs::last_error() const {
  MutexLock lock(impl_->mutex);
  return impl_->last_error;
}

}  // namespace keelson::io
