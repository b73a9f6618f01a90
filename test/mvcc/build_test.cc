// States that come from elsewhere: images read row by row, generations built from rows, and two
// stores of one directory side by side.
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "mvcc/image_rows.h"
#include "mvcc/kv_codec.h"
#include "mvcc/store_world.h"

namespace keelson::mvcc {
namespace {

using test::CrashFileSystem;
using test::FsCall;
using test::FsFault;
using test::StoreWorld;

// Rows as a test writes them down.
class Rows final : public StateSource {
 public:
  struct Version {
    int64_t main;
    int64_t sub;
    bool tombstone;
    std::string kv;
  };
  void row(Bucket bucket, std::string key, std::string value) {
    tables_.push_back({bucket, std::move(key), std::move(value)});
  }
  void put(std::string_view key, int64_t main, int64_t sub, int64_t create, int64_t version) {
    std::string kv;
    encode_key_value({.key = key,
                      .create_revision = create,
                      .mod_revision = main,
                      .version = version,
                      .value = "v"},
                     kv);
    versions_.push_back({main, sub, false, std::move(kv)});
  }
  void put(std::string_view key, int64_t main) { put(key, main, 0, main, 1); }
  void erase(std::string_view key, int64_t main, int64_t sub = 0) {
    std::string kv;
    encode_key_value({.key = key, .value = {}}, kv);
    versions_.push_back({main, sub, true, std::move(kv)});
  }
  void raw(Version version) { versions_.push_back(std::move(version)); }
  void fail_at_end(Status status) { end_ = std::move(status); }

  Result<bool> next(TableRow& out) override {
    if (table_ == tables_.size()) return false;
    const Loaded::Row& row = tables_[table_++];
    out = {row.bucket, row.key, row.value};
    return true;
  }
  Result<bool> next(VersionRow& out) override {
    if (version_ == versions_.size()) {
      if (!end_.ok()) return end_;
      return false;
    }
    const Version& v = versions_[version_++];
    out = {Revision(v.main), v.sub, v.tombstone, v.kv};
    return true;
  }

 private:
  std::vector<Loaded::Row> tables_;
  std::vector<Version> versions_;
  Status end_;
  size_t table_ = 0;
  size_t version_ = 0;
};

constexpr Origin kOrigin = {.identity = {.cluster = ClusterId(7), .member = MemberId(8)},
                            .applied = Index(100),
                            .term = Term(5)};

class BuildTest : public testing::Test {
 protected:
  Options next_options() {
    Options options = world.options();
    options.generation = 2;
    options.keep_others = true;
    return options;
  }
  Status build(StateSource& rows) {
    return Store::build(world.fs(), "/m", kOrigin, next_options(), rows, control);
  }
  void open_next() {
    auto made = Store::open(world.fs(), "/m", next_options(), log, metrics, loaded);
    ASSERT_TRUE(made.ok()) << made.status().text();
    next = std::move(*made);
  }
  void build_and_open(StateSource& rows) {
    const Status status = build(rows);
    ASSERT_TRUE(status.ok()) << status.text();
    open_next();
  }
  // An image of the world's store, built again as generation 2.
  void copy_world() {
    world.persist_all();
    auto job = world.store().make_image_job("/image.db");
    ASSERT_TRUE(job->run().ok());
    auto rows = ImageRows::open(world.fs(), "/image.db");
    ASSERT_TRUE(rows.ok()) << rows.status().text();
    EXPECT_EQ((*rows)->applied(), world.store().applied());
    build_and_open(**rows);
  }
  std::vector<Event> history(const Store& store) {
    const auto chunk =
        Store::read_history(*store.view(), {.from = Revision(1),
                                            .to = store.current(),
                                            .bytes_max = 1 << 20,
                                            .revisions_max = 100'000,
                                            .prev_kv = true,
                                            .wanted = [](std::string_view) { return true; }});
    CHECK(chunk.ok());
    hold.push_back(chunk->hold);
    return chunk->events;
  }
  void expect_refused(Rows& rows, std::string_view text) {
    const Status status = build(rows);
    EXPECT_EQ(status.code(), Code::kDataLoss);
    EXPECT_NE(status.text().find(text), std::string::npos) << status.text();
    EXPECT_FALSE(*world.fs().exists("/m/state-2"));
  }

  StoreWorld world;
  NullLog log;
  Registry metrics;
  CopyControl control;
  Loaded loaded;
  std::unique_ptr<Store> next;
  std::vector<std::shared_ptr<const void>> hold;
};

std::vector<std::string> lines(const std::vector<Event>& events, bool seqs) {
  std::vector<std::string> out;
  for (const Event& e : events) {
    std::string line = std::to_string(e.main.value) + "/" + std::to_string(e.sub) + " " +
                       std::string(e.key) + (e.tombstone ? " gone" : "") + " before " +
                       std::string(e.prev_kv);
    if (seqs) line += " " + std::to_string(e.seq.value) + "<" + std::to_string(e.prev_seq.value);
    out.push_back(line);
  }
  return out;
}

// A bit of everything, with keys that come back and entries that change a key twice.
void fill(StoreWorld& world) {
  using Op = test::ModelOp;
  world.apply({{Op::kRow, "alarm", "value", 0}});
  for (int i = 0; i < 300; ++i) {
    const std::string key = "key" + std::to_string(i % 40);
    world.put(key, std::to_string(i), i % 9 == 0 ? 77 : 0);
    if (i % 7 == 0) world.erase("key" + std::to_string(i % 30));
    if (i % 11 == 0)
      world.apply({{Op::kPut, key, "twice", 0},
                   {Op::kPut, "other" + std::to_string(i), "1", 0},
                   {Op::kErase, "key" + std::to_string(i % 17), "", 0},
                   {Op::kPut, key, "thrice", 0}});
  }
}

TEST_F(BuildTest, build_ofAnImage_isTheSameState) {
  // Every row, link, hash and table of the source must be found again.
  world.create();
  fill(world);
  copy_world();
  EXPECT_EQ(loaded.applied, Index(100));
  EXPECT_EQ(loaded.applied_term, Term(5));
  EXPECT_EQ(loaded.identity.member, MemberId(8));
  ASSERT_EQ(loaded.rows.size(), 1u);
  EXPECT_EQ(loaded.rows[0].value, "value");
  EXPECT_EQ(next->current(), world.store().current());
  EXPECT_EQ(lines(history(*next), true), lines(history(world.store()), true));
  for (const int64_t rev : {2, 50, 333, 0}) {
    auto job = next->make_hash_job(Revision(rev));
    ASSERT_TRUE(job.ok());
    while (!(*job)->prepare(world.clock(), TimePoint())) {
    }
    EXPECT_EQ((*job)->run()->hash, world.hash_kv(rev)->hash) << rev;
  }
  next->check_invariants();
  const auto leased = loaded.leased;
  const Loaded before = world.restart();
  ASSERT_EQ(leased.size(), before.leased.size());
  for (size_t i = 0; i < leased.size(); ++i) EXPECT_EQ(leased[i].key, before.leased[i].key);
}

TEST_F(BuildTest, build_ofACompactedImage_keepsItsBorders) {
  // Removal that is done, and removal that is not: the new store must go on with the latter.
  world.create();
  fill(world);
  world.compact(200);
  world.finish_compaction();
  world.compact(250);
  copy_world();
  EXPECT_EQ(next->compacted(), Revision(250));
  EXPECT_EQ(next->finished_compaction(), Revision(200));
  world.restart();  // its window still shows rows that are gone
  EXPECT_EQ(lines(history(*next), false), lines(history(world.store()), false));
  auto job = next->make_hash_job(Revision(300));
  ASSERT_TRUE(job.ok());
  while (!(*job)->prepare(world.clock(), TimePoint())) {
  }
  EXPECT_EQ((*job)->run()->hash, world.hash_kv(300)->hash);
}

TEST_F(BuildTest, build_storeGoesOnFromThere) {
  // Row numbers and revisions must follow on, also after another start.
  Rows rows;
  rows.put("a", 2);
  rows.put("a", 9, 0, 2, 2);
  rows.raw({1000, 0, false, ""});  // a restore's marker
  world.create();
  build_and_open(rows);
  EXPECT_EQ(next->current(), Revision(1000));
  next->begin_entry(Index(101), Term(5));
  std::optional<KeyMeta> before;
  const KeyMeta meta = next->put("a", "1", LeaseId(), &before);
  next->end_entry();
  EXPECT_EQ(meta.seq, Seq(4));
  EXPECT_EQ(meta.version, 3);
  EXPECT_EQ(before->seq, Seq(2));
  EXPECT_EQ(next->entry_events()[0].prev_seq, Seq(2));
}

TEST_F(BuildTest, build_ofNothing_isAnEmptyStore) {
  Rows rows;
  world.create();
  build_and_open(rows);
  EXPECT_EQ(next->current(), Revision(1));
  EXPECT_EQ(next->applied(), Index(100));
  EXPECT_EQ(control.rows, 0u);
}

TEST_F(BuildTest, build_smallState_isExactlyThese) {
  // What stands in the tables, spelled out.
  Rows rows;
  rows.row(Bucket::kLease, "l", "1");
  rows.row(Bucket::kMeta, "storageVersion", "3.7.0");
  rows.put("a", 2);
  rows.put("b", 3);
  rows.put("a", 4, 0, 2, 2);
  rows.put("a", 4, 1, 2, 3);  // what it replaced is what was there before the entry
  rows.erase("b", 5);
  rows.put("b", 6);
  rows.put("c", 7, 0, 6, 2);  // its creation is compacted away
  world.create();
  build_and_open(rows);
  std::vector<std::string> links;
  for (const Event& e : history(*next))
    links.push_back(std::string(e.key) + std::to_string(e.seq.value) + "<" +
                    std::to_string(e.prev_seq.value));
  EXPECT_EQ(links,
            (std::vector<std::string>{"a1<0", "b2<0", "a3<1", "a4<1", "b5<2", "b6<0", "c7<0"}));
  ASSERT_EQ(loaded.rows.size(), 2u);
  EXPECT_EQ(loaded.rows[1].key, "storageVersion");
}

// --- rows that contradict each other ---

TEST_F(BuildTest, build_revisionTwice_isRefused) {
  Rows rows;
  rows.put("a", 2);
  rows.put("b", 2);
  world.create();
  expect_refused(rows, "revision 2/0: it does not come behind");
}

TEST_F(BuildTest, build_revisionsDescending_isRefused) {
  Rows rows;
  rows.put("a", 3);
  rows.put("b", 2);
  world.create();
  expect_refused(rows, "does not come behind");
}

TEST_F(BuildTest, build_numbersOutOfRange_areRefused) {
  world.create();
  Rows zero;
  zero.put("a", 0);
  expect_refused(zero, "out of range");
  Rows huge;
  huge.put("a", int64_t{1} << 48);
  expect_refused(huge, "out of range");
  Rows sub;
  sub.put("a", 2, int64_t{1} << 31, 2, 1);
  expect_refused(sub, "out of range");
}

TEST_F(BuildTest, build_recordThatDoesNotDecode_isRefused) {
  world.create();
  Rows torn;
  torn.raw({2, 0, false,
            "\x0a\x05"
            "ab"});
  expect_refused(torn, "does not decode");
  Rows nameless;
  nameless.put("", 2);
  expect_refused(nameless, "does not begin with a key");
  Rows gone;
  gone.raw({2, 0, true, ""});
  expect_refused(gone, "does not begin with a key");
}

TEST_F(BuildTest, build_versionsThatDoNotFollow_areRefused) {
  // The start after the switch would refuse them, when there is no way back any more.
  world.create();
  Rows version;
  version.put("a", 2);
  version.put("a", 3, 0, 2, 3);
  expect_refused(version, "does not follow");
  Rows create;
  create.put("a", 2);
  create.erase("a", 3);
  create.put("a", 4, 0, 2, 2);
  expect_refused(create, "does not follow");
  Rows other;
  other.put("a", 2, 0, 3, 1);
  expect_refused(other, "contradict");
}

TEST_F(BuildTest, build_badTableRows_areRefused) {
  world.create();
  Rows twice;
  twice.row(Bucket::kAlarm, "a", "1");
  twice.row(Bucket::kAlarm, "a", "2");
  expect_refused(twice, "twice");
  Rows revision;
  revision.row(Bucket::kMeta, "finishedCompactRev", "5");
  expect_refused(revision, "holds no revision");
  Rows index;
  index.row(Bucket::kMeta, "consistent_index", "12345678");
  EXPECT_EQ(build(index).code(), Code::kInvalidArgument);
}

TEST_F(BuildTest, build_sourceFails_leavesNothing) {
  world.create();
  Rows rows;
  for (int i = 2; i < 5000; ++i) rows.put("k" + std::to_string(i), i);
  rows.fail_at_end(Status(Code::kInternal, "the image broke off"));
  EXPECT_EQ(build(rows).text(), "the image broke off");
  EXPECT_FALSE(*world.fs().exists("/m/state-2"));
}

TEST_F(BuildTest, build_cancelled_endsAtTheNextPiece) {
  world.create();
  Rows rows;
  for (int i = 2; i < 5000; ++i) rows.put("k" + std::to_string(i), i);
  control.pace = [this](size_t) { control.cancelled = control.rows >= 2000; };
  EXPECT_EQ(build(rows).code(), Code::kCanceled);
  EXPECT_EQ(control.rows, 3000u);
  EXPECT_FALSE(*world.fs().exists("/m/state-2"));
}

// --- trouble ---

TEST_F(BuildTest, build_everyCallFails_oldStateStaysUsable) {
  // Whatever the disk refuses: an error, nothing half done that counts, no dead process.
  world.create();
  world.put("old", "1");
  world.persist_all();
  for (uint64_t n = 1;; n += n < 60 ? 1 : 7) {
    Rows rows;
    for (int i = 2; i < 400; ++i) rows.put("k" + std::to_string(i), i);
    world.fs().fail_call(FsCall::kWrite, n, n % 2 == 0 ? FsFault::kNoSpace : FsFault::kIoError);
    const Status status = build(rows);
    const bool hit = world.fs().fault_hit();
    world.fs().fail_nothing();
    EXPECT_EQ(status.ok(), !hit) << n << status.text();
    if (!hit) break;
    EXPECT_FALSE(*world.fs().exists("/m/state-2/state.db"));
  }
  world.put("old", "2");
  world.persist_all();
  EXPECT_EQ(world.store().persisted_index(), world.index());
}

TEST_F(BuildTest, build_crashInTheMiddle_oldStateStaysUsable) {
  // Boot opens what the log names and takes the half-built one away.
  world.create();
  world.put("old", "1");
  world.persist_all();
  SeededRng rng(7);
  std::vector<std::unique_ptr<CrashFileSystem>> left;
  int calls = 0;
  world.fs().on_call([&](FsCall, const std::string&) {
    if (++calls % 5 == 0) left.push_back(world.fs().crash_clone(rng, 0.5));
  });
  Rows rows;
  for (int i = 2; i < 400; ++i) rows.put("k" + std::to_string(i), i);
  ASSERT_TRUE(build(rows).ok());
  world.fs().on_call(nullptr);
  ASSERT_GT(left.size(), 5u);
  for (const auto& fs : left) {
    auto old = Store::open(*fs, "/m", world.options(), log, metrics, loaded);
    ASSERT_TRUE(old.ok()) << old.status().text();
    EXPECT_TRUE((*old)->find("old", (*old)->current()).has_value());
    EXPECT_FALSE(*fs->exists("/m/state-2"));
  }
}

TEST_F(BuildTest, build_crashAfterwards_isThere) {
  // The marker in the log may name it as soon as build() has returned.
  world.create();
  Rows rows;
  for (int i = 2; i < 400; ++i) rows.put("k" + std::to_string(i), i);
  ASSERT_TRUE(build(rows).ok());
  SeededRng rng(7);
  const auto left = world.fs().crash_clone(rng, 0);
  auto opened = Store::open(*left, "/m", next_options(), log, metrics, loaded);
  ASSERT_TRUE(opened.ok()) << opened.status().text();
  EXPECT_EQ((*opened)->current(), Revision(399));
  EXPECT_EQ(loaded.applied, Index(100));
}

TEST_F(BuildTest, build_overAHalfBuiltOne_replacesIt) {
  world.create();
  CHECK(world.fs().make_dir("/m/state-2").ok());
  world.fs().set_content("/m/state-2/state.db", "half");
  Rows rows;
  rows.put("a", 2);
  build_and_open(rows);
  EXPECT_EQ(next->current(), Revision(2));
}

// --- two at once ---

TEST_F(BuildTest, twoGenerations_bothServeUntilOneGoes) {
  // While the old one drains, the new one is written, persisted and read.
  world.options().cache_bytes = 0;
  world.options().block_bytes = 256;
  world.create();
  fill(world);
  world.persist_all();
  auto view = world.store().view();
  auto pin = world.store().pin();
  auto image = world.store().make_image_job("/image.db");
  Rows rows;
  rows.put("new", 2);
  build_and_open(rows);
  next->begin_entry(Index(101), Term(5));
  next->put("new", "2", LeaseId(), nullptr);
  next->end_entry();
  auto job = next->make_persist_job(Index(101));
  job->run();
  next->persisted(std::move(job));
  EXPECT_EQ(next->persisted_index(), Index(101));
  EXPECT_FALSE(Store::read_values(*view, std::vector<Seq>{Seq(5)})->front().kv.empty());
  EXPECT_TRUE(image->run().ok());
  EXPECT_TRUE(world.store().in_use());
  image.reset();
  EXPECT_TRUE(world.store().in_use());
  pin.reset();
  EXPECT_TRUE(world.store().in_use());
  view.reset();
  EXPECT_FALSE(world.store().in_use());
  world.stop();
  Store::remove_other_generations(world.fs(), "/m", 2, log);
  EXPECT_FALSE(*world.fs().exists("/m/state-1"));
  EXPECT_EQ(lines(history(*next), false).size(), 2u);
  next->check_invariants();
}

TEST_F(BuildTest, twoGenerations_persistJobCountsAsUse) {
  world.create();
  world.put("a", "1");
  EXPECT_FALSE(world.store().in_use());
  auto job = world.store().make_persist_job(world.index());
  EXPECT_TRUE(world.store().in_use());
  job->run();
  world.store().persisted(std::move(job));
  EXPECT_FALSE(world.store().in_use());
}

TEST_F(BuildTest, twoGenerations_oneRegistry_showsTheOneThatStays) {
  // Both write the same gauges; the old one's last numbers must not stay there.
  world.create();
  Rows rows;
  rows.put("a", 2);
  rows.put("b", 7);
  ASSERT_TRUE(build(rows).ok());
  auto made = Store::open(world.fs(), "/m", next_options(), log, world.metrics(), loaded);
  ASSERT_TRUE(made.ok());
  for (int i = 0; i < 20; ++i) world.put("old", "1");
  (*made)->show_metrics();
  const std::string text = world.metrics().render();
  EXPECT_NE(text.find("etcd_debugging_mvcc_current_revision 7\n"), std::string::npos);
  EXPECT_NE(text.find("etcd_debugging_mvcc_keys_total 2\n"), std::string::npos);
}

TEST_F(BuildTest, imageRows_notAnImage_isRefused) {
  world.create();
  world.fs().set_content("/x.db", std::string(4096, 'x'));
  EXPECT_FALSE(ImageRows::open(world.fs(), "/x.db").ok());
  EXPECT_FALSE(ImageRows::open(world.fs(), "/missing.db").ok());
}

}  // namespace
}  // namespace keelson::mvcc
