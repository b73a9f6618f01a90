#include "etcdfile/tree_builder.h"

#include "base/bytes.h"

namespace keelson::etcdfile {

Status TreeBuilder::check(std::string_view key, std::string_view value) const {
  if (key.empty() || key.size() > kKeyBytesMax)
    return Status(Code::kInvalidArgument,
                  "etcdfile: a key of " + std::to_string(key.size()) + " bytes cannot be stored");
  if (value.size() > kValueBytesMax)
    return Status(Code::kInvalidArgument, "etcdfile: a value of " + std::to_string(value.size()) +
                                              " bytes is too large to be stored");
  if (elements_ > 0 && key <= last_key_)
    return Status(Code::kInvalidArgument, "etcdfile: key " + short_hex(key) +
                                              " does not come after key " + short_hex(last_key_));
  return {};
}

Status TreeBuilder::add(std::string_view key, std::string_view value, bool is_bucket) {
  if (Status s = check(key, value); !s.ok()) return s;
  const size_t now = kPageHeaderBytes + kElementBytes * items_.size() + data_.size();
  const bool full = now + kElementBytes + key.size() + value.size() > out_.page_bytes();
  if (full && !items_.empty())
    if (Status s = flush_leaf(); !s.ok()) return s;
  items_.push_back({is_bucket ? kBucketElement : 0, static_cast<uint32_t>(key.size()),
                    static_cast<uint32_t>(value.size())});
  data_.append(key);
  data_.append(value);
  last_key_ = key;
  has_buckets_ |= is_bucket;
  ++elements_;
  return {};
}

std::string TreeBuilder::leaf_elements() const {
  std::string out;
  out.reserve(items_.size() * kElementBytes);
  uint64_t data_at = items_.size() * kElementBytes;
  for (const Item& item : items_) {
    put_leaf_element(out, {.flags = item.flags,
                           .pos = static_cast<uint32_t>(data_at - out.size()),
                           .key_bytes = item.key_bytes,
                           .value_bytes = item.value_bytes});
    data_at += uint64_t{item.key_bytes} + item.value_bytes;
  }
  return out;
}

Status TreeBuilder::flush_leaf() {
  auto page = out_.append(kLeafPage, static_cast<uint32_t>(items_.size()),
                          {leaf_elements(), std::string_view(data_)});
  if (!page.ok()) return page.status();
  std::string first = items_.empty() ? std::string() : data_.substr(0, items_[0].key_bytes);
  items_.clear();
  if (data_.capacity() > 2 * size_t{out_.page_bytes()}) data_ = std::string();
  data_.clear();
  return add_child(0, std::move(first), *page);
}

// A full branch keeps its last child back, so that no branch ever ends up with one child alone.
// Long keys may make three children larger than a page: then it overflows.
Status TreeBuilder::add_child(size_t level, std::string key, uint64_t page) {
  if (level == levels_.size()) levels_.emplace_back();
  const uint64_t bytes = kElementBytes + key.size();
  if (const size_t have = levels_[level].children.size();
      have >= 3 && levels_[level].bytes + bytes > out_.page_bytes())
    if (Status s = flush_branch(level, have - 1); !s.ok()) return s;
  levels_[level].bytes += bytes;
  levels_[level].children.push_back({std::move(key), page});
  return {};
}

Status TreeBuilder::flush_branch(size_t level, size_t count) {
  std::vector<Child>& children = levels_[level].children;
  CHECK(count > 0 && count <= children.size());
  std::string elements;
  std::string keys;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t key_at = kElementBytes * count + keys.size();
    put_branch_element(elements, {.pos = static_cast<uint32_t>(key_at - elements.size()),
                                  .key_bytes = static_cast<uint32_t>(children[i].key.size()),
                                  .child = children[i].page});
    keys += children[i].key;
  }
  auto page = out_.append(kBranchPage, static_cast<uint32_t>(count), {elements, keys});
  if (!page.ok()) return page.status();
  std::string first = std::move(children[0].key);
  levels_[level].bytes -= elements.size() + keys.size();
  children.erase(children.begin(), children.begin() + static_cast<std::ptrdiff_t>(count));
  return add_child(level + 1, std::move(first), *page);
}

bool TreeBuilder::fits_inline() const {
  const size_t bytes = kPageHeaderBytes + kElementBytes * items_.size() + data_.size();
  return levels_.empty() && !has_buckets_ && bytes <= out_.page_bytes() / 4;
}

Result<std::string> TreeBuilder::finish_bucket(bool may_inline) {
  std::string value;
  if (may_inline && fits_inline()) {
    put_u64le(value, 0);  // no page of its own
    put_u64le(value, 0);  // sequence
    put_page_header(value, {.flags = kLeafPage, .count = static_cast<uint16_t>(items_.size())});
    value += leaf_elements();
    value += data_;
    return value;
  }
  auto root = finish_root();
  if (!root.ok()) return root.status();
  put_u64le(value, *root);
  put_u64le(value, 0);
  return value;
}

Result<uint64_t> TreeBuilder::finish_root() {
  if (!items_.empty() || levels_.empty())
    if (Status s = flush_leaf(); !s.ok()) return s;
  for (size_t level = 0; level < levels_.size(); ++level) {
    const size_t children = levels_[level].children.size();
    if (level + 1 == levels_.size() && children == 1) return levels_[level].children[0].page;
    if (Status s = flush_branch(level, children); !s.ok()) return s;
  }
  CHECK(false && "the last level has one child");
  return Status(Code::kInternal, "unreachable");
}

}  // namespace keelson::etcdfile
