#include "etcdfile/bbolt_reader.h"

#include "base/bytes.h"

namespace keelson::etcdfile {
namespace {

// Branches have two children or more, so 2^38 bytes of pages need fewer levels than this.
constexpr size_t kDepthMax = 32;
// bbolt keeps a bucket inline up to a quarter page; more is strange, yet harmless up to here.
constexpr size_t kInlineBytesMax = 16 * 1024 * 1024;

}  // namespace

Result<std::unique_ptr<BboltReader>> BboltReader::open(io::FileSystem& fs,
                                                       const std::string& path) {
  auto in = PageInput::open(fs, path);
  if (!in.ok()) return in.status();
  return std::unique_ptr<BboltReader>(new BboltReader(std::move(*in)));
}

Result<Cursor> BboltReader::root(PageSet& reached) {
  BucketRef ref;
  ref.root = meta().root;
  return bucket(ref, reached);
}

Result<Cursor> BboltReader::bucket(const BucketRef& ref, PageSet& reached) {
  Cursor cursor(*in_, reached);
  auto node = ref.root == 0 ? NodePage::load_inline(*in_, ref.parent_page, ref.inline_image)
                            : NodePage::load(*in_, ref.root, reached);
  if (!node.ok()) return node.status();
  cursor.stack_.push_back({std::move(*node), 0, {}, {}});
  return cursor;
}

Result<bool> Cursor::next(Item& out) {
  while (!stack_.empty()) {
    Frame& frame = stack_.back();
    if (frame.next == frame.node.elements().size()) {
      stack_.pop_back();
      continue;
    }
    if (frame.node.leaf()) return take(frame, out);
    if (Status s = descend(); !s.ok()) return s;
  }
  return false;
}

Result<bool> Cursor::take(Frame& frame, Item& out) {
  const Element& element = frame.node.elements()[frame.next++];
  auto bytes = frame.node.key_and_value(*in_, element);
  if (!bytes.ok()) return bytes.status();
  out.key = bytes->substr(0, element.key_bytes);
  out.value = bytes->substr(element.key_bytes);
  out.is_bucket = element.is_bucket;
  out.page = frame.node.id();
  if (last_key_ && out.key <= *last_key_)
    return in_->bad(out.page, "key " + short_hex(out.key) + " is out of order");
  if (out.key < frame.lower || (frame.upper && out.key >= *frame.upper))
    return in_->bad(out.page, "key " + short_hex(out.key) + " belongs to another page");
  last_key_.emplace(out.key);
  return true;
}

Status Cursor::child_bounds(Frame& frame, std::string& lower, std::optional<std::string>& upper) {
  const std::vector<Element>& elements = frame.node.elements();
  auto key = frame.node.key(*in_, elements[frame.next]);
  if (!key.ok()) return key.status();
  lower = *key;
  upper = frame.upper;
  if (frame.next + 1 < elements.size()) {
    auto after = frame.node.key(*in_, elements[frame.next + 1]);
    if (!after.ok()) return after.status();
    upper = std::string(*after);
  }
  const bool inside = lower >= frame.lower && (!frame.upper || !upper || *upper <= *frame.upper);
  if (!inside || (upper && lower >= *upper))
    return in_->bad(frame.node.id(), "element " + std::to_string(frame.next) + ": key " +
                                         short_hex(lower) + " is out of order");
  return {};
}

Status Cursor::descend() {
  Frame& frame = stack_.back();
  if (stack_.size() >= kDepthMax) return in_->bad(frame.node.id(), "the tree is too deep");
  Frame child;
  if (Status s = child_bounds(frame, child.lower, child.upper); !s.ok()) return s;
  auto node = NodePage::load(*in_, frame.node.elements()[frame.next].child, *reached_);
  if (!node.ok()) return node.status();
  child.node = std::move(*node);
  ++frame.next;
  stack_.push_back(std::move(child));
  return {};
}

Result<BucketRef> Cursor::bucket_of(const Item& item) const {
  CHECK(item.is_bucket);
  if (item.value.size() < kBucketHeaderBytes)
    return in_->bad(item.page, "bucket " + short_hex(item.key) + " is cut off");
  BucketRef ref;
  ref.root = get_u64le(item.value.data());
  ref.sequence = get_u64le(item.value.data() + 8);
  ref.parent_page = item.page;
  if (ref.root == 0) {
    if (item.value.size() > kInlineBytesMax)
      return in_->bad(item.page, "bucket " + short_hex(item.key) + " is too large to be inline");
    ref.inline_image = item.value.substr(kBucketHeaderBytes);
  } else if (ref.root < kFirstDataPage || ref.root >= in_->pages()) {
    return in_->bad(item.page, "bucket " + short_hex(item.key) + ": its page " +
                                   std::to_string(ref.root) + " is outside the file");
  }
  return ref;
}

}  // namespace keelson::etcdfile
