// Our state as etcd's database file and back: what a snapshot streams and what a follower installs.
#include "node/etcd_image.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "etcdfile/image_reader.h"
#include "mvcc/store_world.h"
#include "node/world.h"

namespace keelson::node {
namespace {

using test::StoreWorld;
using Op = test::ModelOp;

std::string lease_key(uint64_t id) {
  std::string out;
  put_u64be(out, id);
  return out;
}

std::string lease_value(int64_t id, int64_t ttl_s) {
  std::string out;
  wire::put_int(out, 1, id);
  wire::put_int(out, 2, ttl_s);
  return out;
}

class EtcdImageTest : public testing::Test {
 protected:
  using Bucket = mvcc::Bucket;

  void SetUp() override { world.create(); }
  void row(Bucket bucket, std::string_view key, std::string_view value) {
    world.begin();
    world.store().put_row(bucket, key, value);
    world.end();
  }
  void fill_tables() {
    row(Bucket::kCluster, "clusterVersion", "3.7.0");
    row(Bucket::kMembers, "ff", R"({"id":255,"peerURLs":["http://b:2380"],"name":"b"})");
    row(Bucket::kMembers, "8", R"({"id":8,"peerURLs":["http://a:2380"],"name":"a"})");
    row(Bucket::kMembers, "9", R"({"id":9,"peerURLs":["http://c:2380"],"isLearner":true})");
    row(Bucket::kMembersRemoved, "a", "removed");
    row(Bucket::kLease, lease_key(5), lease_value(5, 60));
    row(Bucket::kAlarm, "\x08\x08\x10\x01", "");
    row(Bucket::kAuth, "authEnabled", std::string("\0", 1));
  }
  Result<EtcdImage> write(etcdfile::DigestMode digest = etcdfile::DigestMode::kNone) {
    world.persist_all();
    auto job = world.store().make_image_job("/rows.db");
    CHECK(job->run().ok());
    return write_etcd_image(world.fs(), "/rows.db", "/image.db", {.digest = digest}, control);
  }
  mvcc::Options next_options() {
    mvcc::Options options = world.options();
    options.generation = 2;
    options.keep_others = true;
    return options;
  }
  Result<etcdfile::ImageState> build(ImageClaim claim) {
    const mvcc::Identity identity{.cluster = ClusterId(7), .member = MemberId(8)};
    return build_from_etcd_image(world.fs(), "/image.db", "/m", identity, next_options(), claim,
                                 control);
  }
  ImageClaim true_claim() { return {world.store().applied(), world.store().applied_term()}; }
  void open_next() {
    auto made = mvcc::Store::open(world.fs(), "/m", next_options(), log, metrics, loaded);
    ASSERT_TRUE(made.ok()) << made.status().text();
    next = std::move(*made);
  }
  void copy_world() {
    const auto written = write();
    ASSERT_TRUE(written.ok()) << written.status().text();
    const auto built = build(true_claim());
    ASSERT_TRUE(built.ok()) << built.status().text();
    state = *built;
    open_next();
  }
  Result<mvcc::HashResult> next_hash(int64_t rev) {
    auto job = next->make_hash_job(Revision(rev));
    if (!job.ok()) return job.status();
    while (!(*job)->prepare(world.clock(), TimePoint())) {
    }
    return (*job)->run();
  }
  void expect_same_hashes(std::initializer_list<int64_t> revisions) {
    for (const int64_t rev : revisions) {
      const auto ours = world.hash_kv(rev);
      const auto theirs = next_hash(rev);
      ASSERT_TRUE(ours.ok() && theirs.ok()) << rev;
      EXPECT_EQ(theirs->hash, ours->hash) << rev;
      EXPECT_EQ(theirs->compacted, ours->compacted) << rev;
    }
  }

  StoreWorld world;
  NullLog log;
  Registry metrics;
  mvcc::CopyControl control;
  etcdfile::ImageState state;
  mvcc::Loaded loaded;
  std::unique_ptr<mvcc::Store> next;
};

TEST_F(EtcdImageTest, image_holdsWhatAMemberOfEtcdNeeds) {
  // A stock follower takes members, removed ones, versions and its place in the log from it.
  fill_tables();
  world.put("a", "1", 5);
  const auto written = write();
  ASSERT_TRUE(written.ok()) << written.status().text();
  EXPECT_EQ(written->state.consistent_index, world.index());
  EXPECT_EQ(written->state.storage_version, "3.7.0");
  EXPECT_EQ(world.fs().content("/image.db").size(), written->file.file_bytes);
  auto image = etcdfile::ImageReader::open(world.fs(), "/image.db");
  ASSERT_TRUE(image.ok()) << image.status().text();
  const etcdfile::ImageState& s = (*image)->state();
  EXPECT_EQ(s.consistent_index, world.index());
  EXPECT_EQ(s.term, Term(1));
  EXPECT_EQ(s.cluster_version, "3.7.0");
  EXPECT_EQ(s.storage_version, "3.7.0");
  ASSERT_EQ(s.members.size(), 3u);
  EXPECT_EQ(s.removed, std::vector<MemberId>{MemberId(10)});
  ASSERT_TRUE(s.conf_state.has_value());
  EXPECT_EQ(s.conf_state->voters, (std::vector<MemberId>{MemberId(8), MemberId(255)}));
  EXPECT_EQ(s.conf_state->learners, std::vector<MemberId>{MemberId(9)});
  ASSERT_EQ(s.alarms.size(), 1u);
  // What the message is made of says the same.
  EXPECT_EQ(written->state.conf_state, s.conf_state);
  EXPECT_EQ(written->state.members, s.members);
  EXPECT_EQ(written->state.removed, s.removed);
  EXPECT_EQ(written->state.term, s.term);
  EXPECT_EQ(written->state.cluster_version, s.cluster_version);
}

TEST_F(EtcdImageTest, image_smallState_isExactlyTheseBytes) {
  // Nothing in a file may depend on time or machine; and a change of these bytes is one of what
  // real etcd gets (e2e/etcdfile).
  fill_tables();
  world.put("a", "1");
  const auto written = write(etcdfile::DigestMode::kAppend);
  ASSERT_TRUE(written.ok());
  const std::string bytes = world.fs().content("/image.db");
  EXPECT_EQ(bytes.size(), 4 * 4096u + 32);
  EXPECT_NE(bytes.find(R"({"voters":[8,255],"learners":[9],"auto_leave":false})"),
            std::string::npos);
  std::string digest;
  for (const char c : written->file.sha256) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    digest += kDigits[static_cast<uint8_t>(c) >> 4];
    digest += kDigits[static_cast<uint8_t>(c) & 15];
  }
  EXPECT_EQ(digest, "ef1bdcbc2daeec410d09b227721ba7aa1ba2bc1323287a1ed186295377775a89");
}

TEST_F(EtcdImageTest, image_versions_followTheCluster) {
  // A row that nobody keeps up to date must not stop a member of the running version.
  row(mvcc::Bucket::kMeta, "storageVersion", "3.7.0");
  row(mvcc::Bucket::kMeta, "confState", R"({"voters":[1],"auto_leave":false})");
  for (const auto& [cluster, storage] :
       {std::pair{"", ""}, {"3.5.0", ""}, {"3.6.0", "3.6.0"}, {"3.7.0", "3.7.0"}}) {
    row(mvcc::Bucket::kCluster, "clusterVersion", cluster);
    const auto written = write();
    ASSERT_TRUE(written.ok()) << written.status().text();
    EXPECT_EQ(written->state.storage_version, storage) << cluster;
    auto image = etcdfile::ImageReader::open(world.fs(), "/image.db");
    ASSERT_TRUE(image.ok());
    EXPECT_EQ((*image)->state().storage_version, storage) << cluster;
    EXPECT_TRUE((*image)->state().conf_state->voters.empty());
  }
}

TEST_F(EtcdImageTest, roundTrip_everyTable_isTheSameState) {
  fill_tables();
  world.put("a", "1", 5);
  world.put("b", "1");
  world.apply({{Op::kPut, "a", "2", 5}, {Op::kErase, "b", "", 0}, {Op::kPut, "c", "", 0}});
  world.put("b", "again");
  world.compact(3);
  world.finish_compaction();
  world.put("d", "1");
  copy_world();
  EXPECT_EQ(state.members.size(), 3u);
  EXPECT_EQ(state.consistent_index, world.index());
  expect_same_hashes({3, 4, 5, 0});
  EXPECT_EQ(next->current(), world.store().current());
  EXPECT_EQ(next->compacted(), Revision(3));
  EXPECT_EQ(next->finished_compaction(), Revision(3));
  const auto copied = loaded;
  const auto original = world.restart();
  EXPECT_EQ(copied.applied, original.applied);
  ASSERT_EQ(copied.leased.size(), 1u);
  EXPECT_EQ(copied.leased[0].key, "a");
  ASSERT_EQ(copied.rows.size(), original.rows.size() + 1);  // storageVersion came with the image
  size_t seen = 0;
  for (const mvcc::Loaded::Row& r : original.rows) {
    if (copied.rows[seen].key == "storageVersion") ++seen;
    EXPECT_EQ(copied.rows[seen].key, r.key);
    EXPECT_EQ(copied.rows[seen].value, r.value);
    ++seen;
  }
}

TEST_F(EtcdImageTest, roundTrip_compactionUnderWay_goesOn) {
  // The sender's image may show rows that its compaction has not come to yet.
  for (int i = 0; i < 200; ++i) world.put("k" + std::to_string(i % 20), std::to_string(i));
  world.compact(150);
  copy_world();
  EXPECT_EQ(next->compacted(), Revision(150));
  EXPECT_NE(next->finished_compaction(), Revision(150));
  expect_same_hashes({150, 180, 0});
  do {
    while (auto job = next->make_persist_job(next->applied())) {
      job->run();
      next->persisted(std::move(job));
    }
  } while (next->compact_step(world.clock(), TimePoint(Duration(INT64_MAX))) ||
           next->persist_wanted());
  EXPECT_EQ(next->finished_compaction(), Revision(150));
  EXPECT_EQ(next_hash(180)->hash, world.hash_kv(180)->hash);
}

TEST_F(EtcdImageTest, roundTrip_hundredThousandRevisions_haveTheSameHashes) {
  // More than one page of everything; keys that go and come back, several changes in one entry.
  SeededRng rng(3);
  for (int i = 0; i < 30'000; ++i) {
    const auto key = [&] { return "key" + std::to_string(rng.below(5'000)); };
    test::ModelEntry entry;
    for (int n = 0; n < 4; ++n)
      entry.push_back(rng.below(5) == 0 ? Op{Op::kErase, key(), "", 0}
                                        : Op{Op::kPut, key(), std::string(rng.below(40), 'v'), 0});
    world.apply(entry);
    if (i % 1000 == 0) world.persist_all();
    if (i == 20'000) {
      world.compact(10'000);
      world.finish_compaction();
    }
  }
  copy_world();
  EXPECT_EQ(loaded.applied, world.index());
  expect_same_hashes({10'000, 12'345, 25'000, 0});
  next->check_invariants();
  EXPECT_GT(control.rows, 100'000u);
}

TEST_F(EtcdImageTest, build_imageOfAnotherPlace_isRefused) {
  // The log would be reset to an index that the state does not have.
  world.put("a", "1");
  ASSERT_TRUE(write().ok());
  ImageClaim claim = true_claim();
  claim.index = claim.index.next();
  EXPECT_EQ(build(claim).status().code(), Code::kFailedPrecondition);
  claim = true_claim();
  claim.term = Term(2);
  EXPECT_EQ(build(claim).status().code(), Code::kFailedPrecondition);
  EXPECT_FALSE(*world.fs().exists("/m/state-2"));
}

TEST_F(EtcdImageTest, build_damagedImage_leavesNothing) {
  for (int i = 0; i < 3000; ++i) world.put("k" + std::to_string(i), "1");
  const auto written = write();
  ASSERT_TRUE(written.ok());
  world.fs().flip("/image.db", written->file.file_bytes / 2 + 16, 0xff);
  EXPECT_FALSE(build(true_claim()).ok());
  EXPECT_FALSE(*world.fs().exists("/m/state-2"));
}

TEST_F(EtcdImageTest, build_badLease_isRefused) {
  // The start behind the switch would stop at it.
  row(mvcc::Bucket::kLease, "short", "x");
  ASSERT_TRUE(write().ok());
  EXPECT_EQ(build(true_claim()).status().code(), Code::kDataLoss);
}

TEST_F(EtcdImageTest, write_fullDisk_isAnError) {
  for (int i = 0; i < 3000; ++i) world.put("k" + std::to_string(i), "1");
  world.persist_all();
  auto job = world.store().make_image_job("/rows.db");
  ASSERT_TRUE(job->run().ok());
  world.fs().set_capacity(world.fs().used_bytes() + 10'000);
  const auto written = write_etcd_image(world.fs(), "/rows.db", "/image.db", {}, control);
  EXPECT_EQ(written.status().code(), Code::kResourceExhausted);
}

TEST_F(EtcdImageTest, write_cancelled_endsAtTheNextPiece) {
  for (int i = 0; i < 3000; ++i) world.put("k" + std::to_string(i), "1");
  control.pace = [this](size_t) { control.cancelled = true; };
  EXPECT_EQ(write().status().code(), Code::kCanceled);
}

// One Snapshot call to its end: the blobs together, and the version that they said.
struct Streamed {
  std::string bytes;
  std::string version;
};

Streamed stream_snapshot(test::World& world) {
  const uint64_t call = world.send(SnapshotOpen{});
  Streamed out;
  for (uint64_t remaining = UINT64_MAX; true;) {
    world.settle();
    auto answers = world.inbox().take();
    CHECK(answers.size() == 1 && answers[0].status.ok());
    uint64_t now = 0;
    wire::Reader reader(answers[0].body);
    for (wire::Field f; reader.next(f);) {
      if (f.number == 2) now = f.number_value;
      if (f.number == 3) out.bytes += f.bytes;
      if (f.number == 4) out.version = f.bytes;
    }
    if (answers[0].last) return out;
    EXPECT_LT(now, remaining);
    if (!answers[0].body.empty()) remaining = now;
    std::vector<Request> more(1);
    more[0].to = {&world.inbox(), call};
    more[0].what = SnapshotMore{};
    world.core().submit(std::move(more));
  }
}

TEST(SnapshotCallTest, stream_isAnEtcdDatabaseWithItsDigest) {
  // What `etcdctl snapshot save` stores, and every tool of etcd's opens.
  test::World world;
  ASSERT_TRUE(world.boot().ok());
  world.become_ready();
  world.put("a", std::string(100'000, 'x'));
  const Streamed streamed = stream_snapshot(world);
  EXPECT_EQ(streamed.version, "3.7.0");
  EXPECT_EQ(streamed.bytes.size() % 512, 32u);
  world.fs().set_content("/got.db", streamed.bytes);
  auto image = etcdfile::ImageReader::open(world.fs(), "/got.db",
                                           {.digest = etcdfile::DigestCheck::kRequired});
  ASSERT_TRUE(image.ok()) << image.status().text();
  EXPECT_EQ((*image)->state().storage_version, "3.7.0");
  EXPECT_EQ((*image)->state().members.size(), 1u);
  EXPECT_EQ((*image)->state().conf_state->voters.size(), 1u);
  etcdfile::RevisionRecord record;
  EXPECT_TRUE(*(*image)->next(record));
  EXPECT_EQ(record.main, Revision(2));
  for (const std::string& file : world.fs().files())
    EXPECT_EQ(file.find("snapshot-"), std::string::npos) << file;
}

TEST(SnapshotCallTest, stream_fullDisk_failsTheCallAlone) {
  // Two temporary files are made one after the other; neither may be left, and the member lives on.
  test::World world;
  ASSERT_TRUE(world.boot().ok());
  world.become_ready();
  for (int i = 0; i < 20; ++i) world.put("k" + std::to_string(i), std::string(100'000, 'x'));
  world.advance(std::chrono::seconds(1));  // everything is persisted
  for (const uint64_t room : {100'000, 3'000'000}) {
    world.fs().set_capacity(world.fs().used_bytes() + room);
    const Answer answer = world.call(SnapshotOpen{});
    EXPECT_FALSE(answer.status.ok()) << room;
    world.fs().set_capacity(uint64_t{1} << 40);
    for (const std::string& file : world.fs().files())
      EXPECT_EQ(file.find("snapshot-"), std::string::npos) << file;
  }
  EXPECT_GT(stream_snapshot(world).bytes.size(), 2'000'000u);
}

}  // namespace
}  // namespace keelson::node
