#include "ctl/printers/table.h"

#include <algorithm>

#include "ctl/go_quote.h"

namespace keelson::ctl {
namespace {

// Columns a text takes; wide East Asian characters and emoji take two.
size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    Rune rune = decode_rune(text);
    char32_t r = rune.value;
    bool wide = (r >= 0x1100 && r <= 0x115F) || (r >= 0x2E80 && r <= 0xA4CF) ||
                (r >= 0xAC00 && r <= 0xD7A3) || (r >= 0xF900 && r <= 0xFAFF) ||
                (r >= 0xFE30 && r <= 0xFE6F) || (r >= 0xFF00 && r <= 0xFF60) ||
                (r >= 0x1F300 && r <= 0x1F64F) || (r >= 0x20000 && r <= 0x3FFFD);
    width += wide ? 2 : 1;
    text.remove_prefix(rune.size);
  }
  return width;
}

std::string title(std::string name) {
  for (char& c : name) {
    if (c == '_') c = ' ';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return name;
}

std::string line(const std::vector<size_t>& widths, const char* left, const char* cross,
                 const char* right) {
  std::string out = left;
  for (size_t i = 0; i < widths.size(); i++) {
    for (size_t j = 0; j < widths[i] + 2; j++) out += "─";
    out += i + 1 < widths.size() ? cross : right;
  }
  return out + "\n";
}

std::string cells(const Row& row, const std::vector<size_t>& widths, bool centred) {
  std::string out = "│";
  for (size_t i = 0; i < widths.size(); i++) {
    size_t space = widths[i] - display_width(row[i]);
    size_t before = centred ? space / 2 : space;
    out += " " + std::string(before, ' ') + row[i] + std::string(space - before, ' ') + " │";
  }
  return out + "\n";
}

class TablePrinter : public Printer {
 public:
  using Printer::Printer;
  std::string format() const override { return "table"; }
  Status message(const google::protobuf::Message&) override { return unsupported(); }
  Status members(const pb::MemberListResponse& response) override {
    return show(member_rows(response));
  }
  Status health(const std::vector<EndpointHealth>& list) override {
    return show(health_rows(list));
  }
  Status status(const std::vector<EndpointStatus>& list) override {
    return show(status_rows(list));
  }
  Status hashes(const std::vector<EndpointHash>& list) override { return show(hash_rows(list)); }

 private:
  Status show(const Rows& rows) {
    console_.out(format_table(rows));
    return {};
  }
};

}  // namespace

std::string format_table(const Rows& rows) {
  Row header;
  std::vector<size_t> widths;
  for (const std::string& name : rows.header) {
    header.push_back(title(name));
    widths.push_back(display_width(header.back()));
  }
  for (const Row& row : rows.rows) {
    for (size_t i = 0; i < row.size(); i++) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string out = line(widths, "┌", "┬", "┐") + cells(header, widths, true);
  if (!rows.rows.empty()) out += line(widths, "├", "┼", "┤");
  for (const Row& row : rows.rows) out += cells(row, widths, false);
  return out + line(widths, "└", "┴", "┘");
}

std::unique_ptr<Printer> make_table_printer(Console& console) {
  return std::make_unique<TablePrinter>(console);
}

}  // namespace keelson::ctl
