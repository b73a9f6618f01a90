#include "node/world.h"

namespace keelson::test {
namespace {

using std::chrono::milliseconds;

std::string delete_body(std::string_view key, std::string_view end) {
  std::string body;
  wire::put_bytes(body, 1, key);
  wire::put_bytes(body, 2, end);
  return body;
}

node::RangeQuery count_all() {
  return {.key = "k", .end = "l", .serializable = true, .count_only = true};
}

// Gets the last proposal into the log, so that the next turn applies it.
void commit(World& world) {
  world.core().turn();
  ASSERT_TRUE(world.log_writer().step(world.core().log_file(), world.core()));
}

// A delete of many keys takes many turns, so that heartbeats are sent between them; a reader sees
// all of it or nothing.
TEST(Slices, large_delete_takes_turns_that_no_reader_sees) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  for (int i = 0; i < 1500; ++i) ASSERT_TRUE(world.put("k" + std::to_string(i), "v").status.ok());
  world.clock().charge_looks(milliseconds(1));
  const uint64_t del = world.send(node::Proposal{.field = 5, .body = delete_body("k", "l")});
  commit(world);
  int turns = 0;
  std::vector<node::Answer> answers;
  for (; answers.empty(); ++turns) {
    if (turns > 0) world.send(count_all());
    world.core().turn();
    answers = world.inbox().take();
    ASSERT_LT(turns, 1000);
  }
  EXPECT_GT(turns, 5);
  EXPECT_EQ(answers.front().call_id, del);
  world.clock().charge_looks(Duration(0));
  world.settle();
  for (node::Answer& late : world.inbox().take()) answers.push_back(std::move(late));
  ASSERT_EQ(answers.size(), static_cast<size_t>(turns));
  for (const node::Answer& answer : answers)
    EXPECT_EQ(World::revision(answer.body), World::revision(answers[0].body));
  EXPECT_EQ(World::values(world.get("k", "l").body).size(), 0u);
}

// The keys of a revoked lease go in slices too, and a write that came meanwhile follows them.
TEST(Slices, large_revoke_takes_turns_before_the_next_write) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  std::string grant;
  wire::put_int(grant, 1, 1000);
  wire::put_int(grant, 2, 7);
  ASSERT_TRUE(world.call(node::Proposal{.field = 8, .body = grant}).status.ok());
  for (int i = 0; i < 1000; ++i)
    ASSERT_TRUE(world.put("k" + std::to_string(i), "v", 7).status.ok());
  world.clock().charge_looks(milliseconds(1));
  std::string revoke;
  wire::put_int(revoke, 1, 7);
  const uint64_t first = world.send(node::Proposal{.field = 9, .body = revoke});
  std::string put;
  wire::put_bytes(put, 1, "k5");
  const uint64_t second = world.send(node::Proposal{.field = 4, .body = put});
  commit(world);
  world.core().turn();
  EXPECT_TRUE(world.inbox().take().empty());
  world.clock().charge_looks(Duration(0));
  world.settle();
  const auto answers = world.inbox().take();
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].call_id, first);
  EXPECT_EQ(answers[1].call_id, second);
  EXPECT_EQ(World::values(world.get("k", "l").body).size(), 1u);
}

// Power fails in the middle of a sliced delete: the log has it whole, so the restart does too.
TEST(Slices, crash_inside_a_large_delete_repeats_it_whole) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(world.put("k" + std::to_string(i), "v").status.ok());
  world.clock().charge_looks(milliseconds(1));
  world.send(node::Proposal{.field = 5, .body = delete_body("k", "l")});
  commit(world);
  world.core().turn();
  EXPECT_TRUE(world.inbox().take().empty());
  world.clock().charge_looks(Duration(0));
  while (world.persister().step()) {
  }
  SeededRng rng(3);
  world.restart_on(world.fs().crash_clone(rng, 0.5));
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  const auto all = world.get("k", "l");
  EXPECT_EQ(World::values(all.body).size(), 0u);
  EXPECT_EQ(World::revision(all.body), 1002);
}

// Counting at an older revision is a walk; other work goes on beside it.
TEST(Slices, count_at_an_older_revision_is_exact_while_writes_go_on) {
  World world;
  ASSERT_EQ(world.boot().text(), "");
  world.become_ready();
  for (int i = 0; i < 1200; ++i) ASSERT_TRUE(world.put("k" + std::to_string(i), "v").status.ok());
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(world.put("k" + std::to_string(i), "w").status.ok());
  world.clock().charge_looks(milliseconds(3));
  node::RangeQuery query = count_all();
  query.revision = 1001;
  const uint64_t count = world.send(query);
  node::RangeQuery keys{.key = "k", .end = "l", .revision = 1001, .keys_only = true};
  const uint64_t stream = world.send(node::RangeStreamOpen{keys});
  for (int i = 0; i < 3; ++i) {
    std::string put;
    wire::put_bytes(put, 1, "k" + std::to_string(5000 + i));
    world.send(node::Proposal{.field = 4, .body = put});
    world.core().turn();
  }
  world.settle();
  const auto number_four = [](std::string_view in) {
    int64_t out = 0;
    wire::Reader reader(in);
    for (wire::Field f; reader.next(f);)
      if (f.number == 4) out = f.as_int64();
    return out;
  };
  int seen = 0;
  for (const node::Answer& answer : world.inbox().take()) {
    ASSERT_TRUE(answer.status.ok()) << answer.status.text();
    if (answer.call_id == count) {
      EXPECT_EQ(number_four(answer.body), 1000);
      ++seen;
    }
    if (answer.call_id == stream) ++seen;
  }
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace keelson::test
