// The strict reader against the protobuf library: what it takes as it came must be what the library
// reads, and what it does not take must go the slow way with the same meaning.
#include "rpc/strict.h"

#include <gtest/gtest.h>
#include <rpc.pb.h>

#include "base/rng.h"
#include "rpc/canonical.h"
#include "rpc/decode.h"

namespace keelson::test {
namespace {

std::string random_bytes(Rng& rng, uint64_t size_max) {
  std::string out(rng.below(size_max + 1), '\0');
  for (char& c : out) c = static_cast<char>(rng.next());
  return out;
}

int64_t random_number(Rng& rng) { return static_cast<int64_t>(rng.next() >> rng.below(64)); }

etcdserverpb::RangeRequest random_range(Rng& rng) {
  etcdserverpb::RangeRequest out;
  out.set_key(random_bytes(rng, 6));
  if (rng.below(2) == 0) out.set_range_end(random_bytes(rng, 6));
  if (rng.below(2) == 0) out.set_limit(random_number(rng));
  if (rng.below(2) == 0) out.set_revision(random_number(rng));
  if (rng.below(2) == 0)
    out.set_sort_target(static_cast<etcdserverpb::RangeRequest::SortTarget>(rng.below(7)));
  out.set_serializable(rng.below(2) == 0);
  if (rng.below(2) == 0) out.set_max_create_revision(random_number(rng));
  return out;
}

etcdserverpb::PutRequest random_put(Rng& rng) {
  etcdserverpb::PutRequest out;
  out.set_key(random_bytes(rng, 6));
  out.set_value(random_bytes(rng, 300));
  if (rng.below(2) == 0) out.set_lease(random_number(rng));
  out.set_prev_kv(rng.below(2) == 0);
  out.set_ignore_lease(rng.below(2) == 0);
  return out;
}

etcdserverpb::TxnRequest random_txn(Rng& rng, int depth);

void random_op(Rng& rng, int depth, etcdserverpb::RequestOp& out) {
  switch (rng.below(depth > 0 ? 5 : 4)) {
    case 0:
      *out.mutable_request_range() = random_range(rng);
      break;
    case 1:
      *out.mutable_request_put() = random_put(rng);
      break;
    case 2:
      out.mutable_request_delete_range()->set_key(random_bytes(rng, 4));
      break;
    case 3:
      break;
    default:
      *out.mutable_request_txn() = random_txn(rng, depth - 1);
  }
}

etcdserverpb::TxnRequest random_txn(Rng& rng, int depth) {
  etcdserverpb::TxnRequest out;
  for (uint64_t i = rng.below(3); i > 0; i--) {
    etcdserverpb::Compare& compare = *out.add_compare();
    compare.set_key(random_bytes(rng, 4));
    if (rng.below(2) == 0)
      compare.set_mod_revision(random_number(rng));
    else
      compare.set_value(random_bytes(rng, 4));
    if (rng.below(2) == 0) compare.set_range_end(random_bytes(rng, 4));
  }
  for (uint64_t i = rng.below(3); i > 0; i--) random_op(rng, depth, *out.add_success());
  for (uint64_t i = rng.below(3); i > 0; i--) random_op(rng, depth, *out.add_failure());
  return out;
}

// What an encoder writes is taken as it came, with the values the library reads.
TEST(Strict, encoded_requests_are_plain) {
  SeededRng rng(1);
  for (int i = 0; i < 3000; i++) {
    const etcdserverpb::RangeRequest range = random_range(rng);
    const std::string range_bytes = range.SerializeAsString();
    apply::RangeView view;
    ASSERT_TRUE(rpc::decode_strict(range_bytes, view));
    EXPECT_EQ(view.key, range.key());
    EXPECT_EQ(view.end, range.range_end());
    EXPECT_EQ(view.limit, range.limit());
    EXPECT_EQ(view.sort_target, range.sort_target());
    EXPECT_EQ(view.serializable, range.serializable());
    EXPECT_EQ(view.max_create_revision, range.max_create_revision());
    rpc::TxnTree tree;
    const std::string txn_bytes = random_txn(rng, 3).SerializeAsString();
    ASSERT_TRUE(rpc::decode_strict(txn_bytes, tree));
  }
}

template <typename Proto>
void expect_sound(const std::string& bytes, bool plain) {
  Proto parsed;
  const bool good = parsed.ParseFromString(bytes);
  if (!plain) return;
  ASSERT_TRUE(good);
  const size_t with_unknown = parsed.ByteSizeLong();
  parsed.DiscardUnknownFields();
  ASSERT_EQ(parsed.ByteSizeLong(), with_unknown);
}

std::string damage(Rng& rng, std::string bytes) {
  for (uint64_t i = 1 + rng.below(3); i > 0 && !bytes.empty(); i--) {
    const size_t at = rng.below(bytes.size());
    switch (rng.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(rng.next());
        break;
      case 1:
        bytes.erase(at, 1 + rng.below(3));
        break;
      case 2:
        bytes.insert(at, random_bytes(rng, 3));
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
    }
  }
  return bytes;
}

// Damaged bytes: whatever passes the strict reader holds nothing that the library calls unknown.
TEST(Strict, damaged_requests_never_pass_with_unknown_content) {
  SeededRng rng(2);
  int plain_seen = 0;
  for (int i = 0; i < 30'000; i++) {
    const std::string put = damage(rng, random_put(rng).SerializeAsString());
    apply::PutView view;
    const bool put_plain = rpc::decode_strict(put, view);
    expect_sound<etcdserverpb::PutRequest>(put, put_plain);
    const std::string txn = damage(rng, random_txn(rng, 2).SerializeAsString());
    rpc::TxnTree tree;
    const bool txn_plain = rpc::decode_strict(txn, tree);
    expect_sound<etcdserverpb::TxnRequest>(txn, txn_plain);
    plain_seen += put_plain + txn_plain;
  }
  EXPECT_GT(plain_seen, 1000);
}

// The slow way: what it makes is plain, and it refuses exactly what the library refuses.
TEST(Strict, odd_requests_become_plain_or_malformed) {
  SeededRng rng(3);
  int anew = 0, malformed = 0;
  for (int i = 0; i < 30'000; i++) {
    const std::string bytes = damage(rng, random_txn(rng, 2).SerializeAsString());
    etcdserverpb::TxnRequest parsed;
    const bool good = parsed.ParseFromString(bytes);
    rpc::TxnTree tree;
    rpc::PlainBytes plain;
    ASSERT_EQ(plain.decode(rpc::RequestKind::kTxn, bytes, tree), good);
    if (!good) {
      malformed++;
      continue;
    }
    etcdserverpb::TxnRequest again;
    ASSERT_TRUE(again.ParseFromString(std::string(plain.bytes())));
    parsed.DiscardUnknownFields();
    ASSERT_EQ(again.SerializeAsString(), parsed.SerializeAsString());
    if (plain.bytes() != bytes) anew++;
  }
  EXPECT_GT(anew, 100);
  EXPECT_GT(malformed, 1000);
}

// Groups in unknown fields are legal protobuf, texts must be UTF-8.
TEST(Canonical, texts_and_groups) {
  using rpc::canonical;
  using rpc::RequestKind;
  EXPECT_EQ(canonical(RequestKind::kEmpty, "\x0b\x10\x01\x0c"), "");
  EXPECT_FALSE(canonical(RequestKind::kEmpty, "\x0b\x10\x01"));
  EXPECT_TRUE(canonical(RequestKind::kHealthCheck, "\x0a\x02\xc3\xa4"));
  EXPECT_FALSE(canonical(RequestKind::kHealthCheck, "\x0a\x02\xc3\x28"));
  EXPECT_TRUE(canonical(RequestKind::kPut, "\x0a\x02\xc3\x28"));  // a key is bytes
}

}  // namespace
}  // namespace keelson::test
