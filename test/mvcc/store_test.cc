// The store through its public interface: writing, reading, persisting, restarting.
#include "mvcc/store.h"

#include <gtest/gtest.h>

#include "mvcc/store_world.h"

namespace keelson::mvcc {
namespace {

using test::StoreWorld;

TEST(StoreTest, create_fresh_startsAtRevisionOne) {
  // A fresh store must look like etcd's: revision 1, never compacted, nothing there.
  StoreWorld world;
  world.create();
  EXPECT_EQ(world.store().current(), Revision(1));
  EXPECT_EQ(world.store().compacted(), kNeverCompacted);
  EXPECT_EQ(world.store().count(
                {.key = std::string_view("\0", 1), .end = std::string_view("\0", 1)}, Revision(1)),
            0);
}

TEST(StoreTest, put_thenRestart_isThereAgain) {
  // What a persist job committed must be read back with the same revisions.
  StoreWorld world;
  world.create();
  world.put("a", "1");
  world.put("a", "2");
  world.put("b", "1");
  world.erase("b");
  world.persist_all();
  const Loaded loaded = world.restart();
  EXPECT_EQ(loaded.applied, Index(4));
  EXPECT_EQ(world.store().current(), Revision(5));
  const auto a = world.store().find("a", Revision(5));
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->version, 2);
  EXPECT_EQ(a->create, Revision(2));
  EXPECT_FALSE(world.store().find("b", Revision(5)).has_value());
  EXPECT_TRUE(world.store().find("b", Revision(4)).has_value());
  world.store().check_invariants();
}

}  // namespace
}  // namespace keelson::mvcc
