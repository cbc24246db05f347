// The report as a picture: a dot for each library, as a multiple of Heddle's median, and the medians beside it.
//
// Bars were rejected: the figures span nine powers of ten, and a bar on a logarithmic axis has no length that means anything. Plain SVG 1.1,
// which needs no library and no script to look at.
#include "bench/report.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace heddle::bench {

namespace {

constexpr int kWidth = 1180, kMargin = 24;
constexpr int kPlotLeft = 340, kPlotRight = 760;
constexpr int kColumnsLeft = 870, kColumn = 95;  // right edges of the medians' columns
constexpr int kTop = 148, kRow = 21, kHeading = 44;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

/// The libraries with a column: those that are compared.
std::vector<Library> compared() {
  std::vector<Library> out;
  std::ranges::copy_if(libraries(), std::back_inserter(out), [](const Library& library) { return library.id != "empty"; });
  return out;
}

struct Section {
  std::string title;
  std::vector<Row> rows;
};

std::vector<Section> sections_of(const Results& results) {
  std::vector<Section> sections;
  for (const Group& group : groups()) {
    Section section{group.title, {}};
    for (const Subject& subject : group.subjects)
      std::ranges::copy_if(results.rows_of(subject), std::back_inserter(section.rows),
                           [](const Row& row) { return row.unit != "1/s" && !row.values.contains("empty"); });
    if (!section.rows.empty()) sections.push_back(std::move(section));
  }
  return sections;
}

/// What the others are divided by; nothing where a comparison makes no sense, or there are no others.
std::optional<double> base_of(const Row& row) {
  const auto heddle = row.of("heddle");
  if (!heddle || heddle->median <= 0 || row.unit == "%" || row.values.size() < 2) return std::nullopt;
  return heddle->median;
}

/// Powers of ten, wide enough for all medians.
struct Axis {
  int from = -1;
  int to = 1;

  explicit Axis(const std::vector<Section>& sections) {
    for (const Section& section : sections)
      for (const Row& row : section.rows)
        if (const auto base = base_of(row))
          for (const auto& [library, values] : row.values) include(row.of(library)->median / *base);
  }

  void include(double ratio) {
    if (ratio <= 0) return;
    from = std::max(-3, std::min(from, static_cast<int>(std::floor(std::log10(ratio)))));
    to = std::min(5, std::max(to, static_cast<int>(std::ceil(std::log10(ratio)))));
  }

  double x(double ratio) const {
    const double share = (std::log10(std::max(ratio, 1e-9)) - from) / (to - from);
    return kPlotLeft + std::clamp(share, 0.0, 1.0) * (kPlotRight - kPlotLeft);
  }
};

class Drawing {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  void text(double x, double y, std::string_view content, std::string_view attributes = "") {
    line(R"(<text x="{:.1f}" y="{:.1f}" {}>{}</text>)", x, y, attributes, escaped(content));
  }

  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void draw_head(Drawing& out, int height, const Setting& setting) {
  out.line(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}")", kWidth, height);
  out.line(R"( font-family="sans-serif" font-size="13" fill="#222222">)");
  out.line(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", kWidth, height);
  out.text(kMargin, 36, "Heddle and its peers", R"(font-size="22" font-weight="bold")");
  out.text(kMargin, 58, fmt::format("{}, {}; rounds: {}", setting.machine, setting.compiler, setting.rounds),
           R"(fill="#555555")");
  int x = kMargin;
  for (const Library& library : compared()) {
    out.line(R"(<circle cx="{}" cy="82" r="5" fill="{}"/>)", x + 5, library.colour);
    out.text(x + 16, 86.5, library.name);
    x += 130;
  }
}

void draw_axis(Drawing& out, const Axis& axis, int bottom) {
  constexpr std::string_view kCentred = R"(text-anchor="middle" fill="#555555")";
  out.text((kPlotLeft + kPlotRight) / 2, kTop - 30, "multiple of Heddle's median (logarithmic; left is better)", kCentred);
  for (int power = axis.from; power <= axis.to; ++power) {
    const double x = axis.x(std::pow(10.0, power));
    out.line(R"(<path d="M{:.1f} {}V{}" stroke="{}"/>)", x, kTop, bottom, power == 0 ? "#d55e00" : "#dddddd");
    out.text(x, kTop - 8,
             power < 0 ? fmt::format("1/{:.0f} ×", std::pow(10.0, -power)) : fmt::format("{:.0f} ×", std::pow(10.0, power)),
             kCentred);
  }
  int x = kColumnsLeft;
  for (const Library& library : compared())
    out.text(std::exchange(x, x + kColumn), kTop - 8, library.name,
             fmt::format(R"(text-anchor="end" font-weight="bold" fill="{}")", library.colour));
}

void draw_dot(Drawing& out, const Axis& axis, double y, const Row& row, double base, const Library& library) {
  const Summary found = *row.of(library.id);
  out.line(R"(<g stroke="{0}" fill="{0}"><title>{1}: {2} ({3} – {4})</title>)", library.colour, library.name,
           value_text(found.median, row.unit), value_text(found.least, row.unit), value_text(found.most, row.unit));
  out.line(R"(<path d="M{:.1f} {:.1f}H{:.1f}" stroke-width="3" stroke-opacity="0.35"/>)", axis.x(found.least / base), y,
           axis.x(found.most / base));
  out.line(R"(<circle cx="{:.1f}" cy="{:.1f}" r="5" stroke="#ffffff"/></g>)", axis.x(found.median / base), y);
}

void draw_row(Drawing& out, const Axis& axis, double y, const Row& row) {
  out.line(R"(<path d="M{} {:.1f}H{}" stroke="#eeeeee"/>)", kMargin, y + kRow / 2.0, kWidth - kMargin);
  out.text(kMargin + 10, y + 4.5, row.title());
  std::vector<Library> dots = compared();
  std::ranges::reverse(dots);  // Heddle's is not to be hidden
  if (const auto base = base_of(row)) {
    for (const Library& library : dots)
      if (row.values.contains(library.id)) draw_dot(out, axis, y, row, *base, library);
  }
  int x = kColumnsLeft;
  for (const Library& library : compared()) {
    const auto found = row.of(library.id);
    out.text(std::exchange(x, x + kColumn), y + 4.5, found ? value_text(found->median, row.unit) : "–",
             found ? R"(text-anchor="end")" : R"(text-anchor="end" fill="#bbbbbb")");
  }
}

}  // namespace

std::string svg(const Setting& setting, const Results& results) {
  const std::vector<Section> sections = sections_of(results);
  int bottom = kTop;
  for (const Section& section : sections) bottom += kHeading + kRow * static_cast<int>(section.rows.size());
  const Axis axis(sections);
  Drawing out;
  draw_head(out, bottom + 2 * kMargin, setting);
  draw_axis(out, axis, bottom);
  double y = kTop;
  for (const Section& section : sections) {
    out.line(R"(<rect x="{}" y="{:.1f}" width="{}" height="22" fill="#f3f0ea"/>)", kMargin, y + 8, kWidth - 2 * kMargin);
    out.text(kMargin + 10, y + 24, section.title, R"(font-weight="bold")");
    y += kHeading;
    for (const Row& row : section.rows) draw_row(out, axis, std::exchange(y, y + kRow), row);
  }
  out.line("</svg>");
  return out.take();
}

}  // namespace heddle::bench
