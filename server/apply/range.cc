#include "apply/range.h"

#include <algorithm>

#include "base/wire.h"

namespace keelson::apply {
namespace {

// Index entries between two looks at the clock.
constexpr size_t kItemsAPiece = 2048;

enum Order { kNone = 0, kAscend = 1, kDescend = 2 };
enum Target { kKey = 0, kVersion = 1, kCreate = 2, kMod = 3, kValue = 4 };

std::string_view value_of(std::string_view kv) {
  mvcc::KeyValueView view;
  CHECK(mvcc::decode_key_value(kv, view));
  return view.value;
}

bool inside(int64_t v, int64_t min, int64_t max) {
  return (min == 0 || v >= min) && (max == 0 || v <= max);
}

}  // namespace

Status compacted_error() {
  return Status(Code::kOutOfRange, "etcdserver: mvcc: required revision has been compacted");
}

Status future_error() {
  return Status(Code::kOutOfRange, "etcdserver: mvcc: required revision is a future revision");
}

RangeRun::RangeRun(const mvcc::Store& store, const RangeView& view, Revision at)
    : store_(store),
      view_(view),
      at_(at),
      read_at_(view.revision > 0 ? Revision(view.revision) : at) {}

Status RangeRun::check() const {
  if (read_at_ > at_) return future_error();
  if (read_at_ < store_.compacted()) return compacted_error();
  return Status();
}

bool RangeRun::needs_all() const {
  return view_.sort_order != kNone || view_.min_mod_revision != 0 || view_.max_mod_revision != 0 ||
         view_.min_create_revision != 0 || view_.max_create_revision != 0;
}

bool RangeRun::values_needed() const {
  return !view_.count_only && (!view_.keys_only || view_.sort_target == kValue);
}

bool RangeRun::keep(const mvcc::KeyMeta& meta) const {
  return inside(meta.mod.value, view_.min_mod_revision, view_.max_mod_revision) &&
         inside(meta.create.value, view_.min_create_revision, view_.max_create_revision);
}

bool RangeRun::collect(const Slice* slice) {
  const mvcc::KeyRange range{view_.key, view_.end};
  if (range.single() && !view_.count_only) {
    const auto meta = store_.find(view_.key, read_at_);
    count_ = meta ? 1 : 0;
    if (meta && keep(*meta)) {
      items_.push_back({*meta, view_.keys_only ? std::string(view_.key) : std::string(), {}});
    }
    finish_collect();
    return true;
  }
  if (!counted_ && !count(slice)) return false;
  if (view_.count_only || count_ == 0) return true;
  if (!scan_) scan_ = store_.scan(range, read_at_);
  if (!walk(slice)) return false;
  finish_collect();
  return true;
}

// The state of now knows its counts; that of an older revision may cost a walk.
bool RangeRun::count(const Slice* slice) {
  const mvcc::KeyRange range{view_.key, view_.end};
  if (read_at_ == at_ || slice == nullptr) {
    count_ = store_.count(range, read_at_);
  } else {
    if (!counting_) counting_ = store_.counting(range, read_at_);
    if (!counting_->step(slice->clock, slice->deadline)) return false;
    count_ = counting_->total();
    counting_.reset();
  }
  counted_ = true;
  return true;
}

bool RangeRun::walk(const Slice* slice) {
  // One more than asked for tells whether there is more.
  const size_t cut =
      view_.limit > 0 && !needs_all() ? static_cast<size_t>(view_.limit) + 1 : SIZE_MAX;
  for (;;) {
    const bool done = scan_->step(kItemsAPiece, [&](const mvcc::Scan::Item& item) {
      if (!keep(item.meta)) return true;
      items_.push_back({item.meta, view_.keys_only ? std::string(item.key) : std::string(), {}});
      return items_.size() < cut;
    });
    if (done || items_.size() >= cut) return true;
    if (slice != nullptr && slice->over()) return false;
  }
}

void RangeRun::finish_collect() {
  scan_.reset();
  if (view_.sort_target != kValue) arrange();
  if (!values_needed()) return;
  wanted_.reserve(items_.size());
  for (const Item& item : items_) wanted_.push_back(item.meta.seq);
}

void RangeRun::arrange() {
  int order = view_.sort_order;
  if (view_.sort_target != kKey && order == kNone) order = kAscend;
  const auto sort = [&](auto rank) {
    std::stable_sort(items_.begin(), items_.end(), [&](const Item& a, const Item& b) {
      return order == kDescend ? rank(b) < rank(a) : rank(a) < rank(b);
    });
  };
  if (order != kNone) {
    if (view_.sort_target == kKey && order == kDescend) std::reverse(items_.begin(), items_.end());
    if (view_.sort_target == kVersion) sort([](const Item& i) { return i.meta.version; });
    if (view_.sort_target == kCreate) sort([](const Item& i) { return i.meta.create; });
    if (view_.sort_target == kMod) sort([](const Item& i) { return i.meta.mod; });
    if (view_.sort_target == kValue) sort([](const Item& i) { return value_of(i.kv); });
  }
  if (view_.limit > 0 && items_.size() > static_cast<size_t>(view_.limit)) {
    items_.resize(static_cast<size_t>(view_.limit));
    more_ = true;
  }
}

void RangeRun::write_item(const Item& item, std::string& out) const {
  if (!view_.keys_only) {
    wire::put_message(out, 2, item.kv);
    return;
  }
  mvcc::KeyValueView kv{.key = item.key,
                        .create_revision = item.meta.create.value,
                        .mod_revision = item.meta.mod.value,
                        .version = item.meta.version,
                        .value = {},
                        .lease = 0};
  // Sorting by value reads the stored record, and then etcd shows its lease as well.
  if (view_.sort_target == kValue) {
    CHECK(mvcc::decode_key_value(item.kv, kv));
    kv.value = {};
  }
  std::string stripped;
  mvcc::encode_key_value(kv, stripped);
  wire::put_message(out, 2, stripped);
}

void RangeRun::write_tail(std::string& out) const {
  wire::put_bool(out, 3, more_);
  wire::put_int(out, 4, count_);
}

bool RangeRun::encode(const ValueSource& values, std::string& out) {
  size_t bytes = out.size() + 32;
  for (Item& item : items_) {
    if (values_needed()) {
      item.kv = values(item.meta.seq);
      if (item.kv.empty()) return false;
    }
    bytes += item.kv.size() + item.key.size() + 48;
  }
  if (view_.sort_target == kValue) arrange();
  out.reserve(bytes);
  for (const Item& item : items_) write_item(item, out);
  write_tail(out);
  return true;
}

Status RangeRun::encode_fetched(const Fetch& fetch, std::string& out) {
  constexpr size_t kChunk = 4096;
  const size_t chunk = view_.sort_target == kValue ? items_.size() : kChunk;
  for (size_t begin = 0; values_needed() && begin < items_.size(); begin += chunk) {
    const size_t size = std::min(chunk, items_.size() - begin);
    const auto values = fetch(std::span(wanted_).subspan(begin, size));
    if (!values.ok()) return values.status();
    for (size_t i = 0; i < size; ++i) {
      items_[begin + i].kv = (*values)[i].kv;
      CHECK(!items_[begin + i].kv.empty());
    }
    if (view_.sort_target == kValue) arrange();
    for (size_t i = begin; i < std::min(begin + size, items_.size()); ++i)
      write_item(items_[i], out);
  }
  if (!values_needed())
    for (const Item& item : items_) write_item(item, out);
  write_tail(out);
  return Status();
}

}  // namespace keelson::apply
