#include "etcdfile/node_page.h"

namespace keelson::etcdfile {
namespace {

std::string number(uint64_t v) { return std::to_string(v); }

Element element_at(bool leaf, std::string_view array, uint64_t index) {
  const uint64_t start = index * kElementBytes;
  const uint64_t at = kPageHeaderBytes + start;
  if (leaf) {
    const LeafElement e = get_leaf_element(array.data() + start);
    return {at + e.pos, e.key_bytes, e.value_bytes, (e.flags & kBucketElement) != 0, 0};
  }
  const BranchElement e = get_branch_element(array.data() + start);
  return {at + e.pos, e.key_bytes, 0, false, e.child};
}

}  // namespace

Result<NodePage> NodePage::load(PageInput& in, uint64_t id, PageSet& reached) {
  CHECK(id >= kFirstDataPage && id < in.pages());
  const uint64_t start = id * in.page_bytes();
  auto head = in.view(start, in.page_bytes());
  if (!head.ok()) return head.status();
  Shape shape{.header = get_page_header(head->data())};
  if (shape.header.id != id) return in.bad(id, "it says it is page " + number(shape.header.id));
  const uint64_t span = uint64_t{shape.header.overflow} + 1;
  if (span > in.pages() - id)
    return in.bad(id, number(span - 1) + " overflow pages reach behind the last page");
  shape.bytes = span * in.page_bytes();
  const uint64_t array = kElementBytes * shape.header.count;
  if (kPageHeaderBytes + array > shape.bytes)
    return in.bad(id, number(shape.header.count) + " elements do not fit into it");
  if (!reached.add(id, span)) return in.bad(id, "it, or an overflow page of it, is in use twice");
  auto elements = in.view(start + kPageHeaderBytes, array);
  if (!elements.ok()) return elements.status();
  NodePage page;
  page.id_ = id;
  if (Status s = page.decode(in, shape, *elements); !s.ok()) return s;
  return page;
}

Result<NodePage> NodePage::load_inline(const PageInput& in, uint64_t id, std::string image) {
  if (image.size() < kPageHeaderBytes) return in.bad(id, "an inline bucket is cut off");
  const Shape shape{.header = get_page_header(image.data()), .bytes = image.size()};
  if (shape.header.flags != kLeafPage) return in.bad(id, "an inline bucket is not a leaf");
  const uint64_t array = kElementBytes * shape.header.count;
  if (kPageHeaderBytes + array > shape.bytes)
    return in.bad(id, "elements of an inline bucket do not fit into it");
  NodePage page;
  page.id_ = id;
  page.inline_ = true;
  page.image_ = std::move(image);
  const std::string_view elements = std::string_view(page.image_).substr(kPageHeaderBytes, array);
  if (Status s = page.decode(in, shape, elements); !s.ok()) return s;
  return page;
}

Status NodePage::decode(const PageInput& in, const Shape& shape, std::string_view array) {
  const PageHeader& header = shape.header;
  if (header.flags != kLeafPage && header.flags != kBranchPage)
    return in.bad(id_, "a branch or leaf is expected, its flags are " + number(header.flags));
  leaf_ = header.flags == kLeafPage;
  if (header.count > kPageElementsMax || (!leaf_ && header.count == 0))
    return in.bad(id_, number(header.count) + " elements cannot be");
  elements_.reserve(header.count);
  for (uint64_t i = 0; i < header.count; ++i) {
    const Element e = element_at(leaf_, array, i);
    const std::string which = "element " + number(i) + ": ";
    if (e.key_bytes == 0 || e.key_bytes > kKeyBytesMax)
      return in.bad(id_, which + "a key of " + number(e.key_bytes) + " bytes cannot be");
    if (e.value_bytes > kValueBytesMax)
      return in.bad(id_, which + "a value of " + number(e.value_bytes) + " bytes is too large");
    if (e.at < kPageHeaderBytes + array.size() || e.at + e.key_bytes + e.value_bytes > shape.bytes)
      return in.bad(id_, which + "its bytes lie outside the page");
    if (!leaf_ && (e.child < kFirstDataPage || e.child >= in.pages()))
      return in.bad(id_, which + "its page " + number(e.child) + " is outside the file");
    elements_.push_back(e);
  }
  return {};
}

Result<std::string_view> NodePage::bytes(PageInput& in, uint64_t at, uint64_t n) const {
  if (inline_) return std::string_view(image_).substr(at, n);
  return in.view(id_ * in.page_bytes() + at, n);
}

Result<std::string_view> NodePage::key(PageInput& in, const Element& element) const {
  return bytes(in, element.at, element.key_bytes);
}

Result<std::string_view> NodePage::key_and_value(PageInput& in, const Element& element) const {
  return bytes(in, element.at, uint64_t{element.key_bytes} + element.value_bytes);
}

}  // namespace keelson::etcdfile
