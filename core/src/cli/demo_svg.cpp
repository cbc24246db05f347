// The plot of the demo: a cumulative distribution for each strategy, over a logarithmic axis of lateness.
//
// Histograms beside each other were rejected: one curve a strategy shows the median, the tail and the distance between
// strategies at a glance. The drawing is plain SVG 1.1, so that it needs no library and no script to look at.
#include "cli/demo_report.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <utility>

namespace heddle::cli {

namespace {

constexpr int kImageWidth = 900;
constexpr int kLeft = 80, kRight = 870, kTop = 90, kBottom = 400;  // of the plot, in pixels
constexpr std::int64_t kShown = 1000;                              // nanoseconds; less is no lateness to speak of
constexpr int kLegendTop = kBottom + 80, kLegendRow = 24;

struct Style {
  const char* colour;
  const char* attribute;  // dashes; empty for a solid line
};
// Told apart by people who see few colours, and on paper.
constexpr std::array kStyles = {
    Style{"#d55e00", ""},
    Style{"#b8860b", R"(stroke-dasharray="9 5")"},
    Style{"#0072b2", ""},
    Style{"#009e73", R"(stroke-dasharray="4 4")"},
    Style{"#aa3377", R"(stroke-dasharray="12 4 3 4")"},
};

const Style& style_of(std::size_t index) {
  return kStyles[index % kStyles.size()];
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

// The powers of ten between which all lateness lies.
struct Axis {
  int from = 0;
  int to = 0;

  double x(double ns) const {
    const double share = (std::log10(std::max(ns, 1.0)) - from) / (to - from);
    return kLeft + std::clamp(share, 0.0, 1.0) * (kRight - kLeft);
  }
  double ns_at(int x) const {
    return std::pow(10.0, from + static_cast<double>(x - kLeft) / (kRight - kLeft) * (to - from));
  }
};

double y_of(double share) {
  return kBottom - share * (kBottom - kTop);
}

Axis axis_of(const std::vector<DemoResult>& results) {
  std::int64_t least = kTickNs;
  std::int64_t most = kTickNs;
  for (const DemoResult& result : results) {
    if (result.lateness.empty()) continue;
    least = std::min(least, std::max<std::int64_t>(result.lateness.front(), kShown));
    most = std::max(most, result.lateness.back());
  }
  return {static_cast<int>(std::floor(std::log10(static_cast<double>(least)))),
          static_cast<int>(std::ceil(std::log10(static_cast<double>(most) + 1)))};
}

class Drawing {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
    out_ += '\n';
  }

  void text(double x, double y, std::string_view content, std::string_view attributes = "") {
    line(R"(<text x="{:.1f}" y="{:.1f}" {}>{}</text>)", x, y, attributes, content);
  }

  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void draw_head(Drawing& out, int height, const DemoSetting& setting, const std::vector<DemoResult>& results) {
  out.line(R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" viewBox="0 0 {0} {1}")", kImageWidth, height);
  out.line(R"( font-family="sans-serif" font-size="14" fill="#222222">)");
  out.line(R"(<rect width="{}" height="{}" fill="#ffffff"/>)", kImageWidth, height);
  out.text(kLeft, 34, "How late a fiber wakes beside fibers that compute", R"(font-size="20" font-weight="bold")");
  const auto measured = std::ranges::find_if(results, [](const DemoResult& each) { return each.fault.empty(); });
  if (measured == results.end()) return;
  out.text(kLeft, 60,
           fmt::format("{} fibers on {} processors deflate {} blocks of {}; one more wakes every millisecond",
                       measured->fibers, measured->processors, count_text(setting.blocks), size_text(setting.block_bytes)),
           R"(fill="#555555")");
}

void draw_axes(Drawing& out, const Axis& axis) {
  constexpr std::string_view kCentred = R"(text-anchor="middle")";
  for (int percent = 0; percent <= 100; percent += 25) {
    const double y = y_of(percent / 100.0);
    out.line(R"(<path d="M{} {:.1f}H{}" stroke="#dddddd"/>)", kLeft, y, kRight);
    out.text(kLeft - 8, y + 5, fmt::format("{} %", percent), R"(text-anchor="end")");
  }
  for (int power = axis.from; power <= axis.to; ++power) {
    const double x = axis.x(std::pow(10.0, power));
    out.line(R"(<path d="M{:.1f} {}V{}" stroke="#dddddd"/>)", x, kTop, kBottom + 6);
    static constexpr std::array kUnits = {"ns", "µs", "ms", "s"};
    const int unit = std::min<int>(power / 3, kUnits.size() - 1);
    out.text(x, kBottom + 24, fmt::format("{:.0f} {}", std::pow(10.0, power - 3 * unit), kUnits[unit]), kCentred);
  }
  out.line(R"(<path d="M{} {}V{}H{}" fill="none" stroke="#222222"/>)", kLeft, kTop, kBottom, kRight);
  out.text((kLeft + kRight) / 2, kBottom + 50, "lateness of a wake-up (logarithmic)", kCentred);
  out.line(R"svg(<g transform="translate(22 {}) rotate(-90)">)svg", (kTop + kBottom) / 2);
  out.text(0, 0, "share of wake-ups at most so late", kCentred);
  out.line("</g>");
}

// From the last place where no tick was so early to the first where all were.
void draw_curve(Drawing& out, const Axis& axis, const DemoResult& result, const Style& style) {
  constexpr double kVisible = 0.5;  // pixels; smaller steps only make the file larger
  std::string path;
  double drawn = kBottom;
  for (int x = kLeft; x <= kRight && drawn > kTop; ++x) {
    const auto late = std::ranges::upper_bound(result.lateness, static_cast<std::int64_t>(axis.ns_at(x)));
    const double y = y_of(static_cast<double>(late - result.lateness.begin()) / static_cast<double>(result.lateness.size()));
    if (drawn - y < kVisible && y > kTop) continue;
    if (path.empty()) path = fmt::format("M{} {}", std::max(kLeft, x - 1), kBottom);
    path += fmt::format("L{} {:.1f}", x, y);
    drawn = y;
  }
  out.line(R"(<path d="{}" fill="none" stroke="{}" stroke-width="2.5" stroke-linejoin="round" {}/>)", path,
           style.colour, style.attribute);
}

void draw_legend(Drawing& out, const DemoResult& result, const Style& style, int row) {
  const int y = kLegendTop + row * kLegendRow;
  out.line(R"(<path d="M{} {}h40" stroke="{}" stroke-width="3" {}/>)", kLeft, y - 5, style.colour, style.attribute);
  out.text(kLeft + 52, y, escaped(strategy_label(result.strategy)), R"(font-weight="bold")");
  std::vector<std::string> cells = {"no result"};
  if (!result.lateness.empty())
    cells = {"p50 " + duration_text(result.percentile(0.5)), "p99 " + duration_text(result.percentile(0.99)),
             "max " + duration_text(result.percentile(1)), fmt::format("{:.1f} MB/s", result.bytes_per_second() / 1e6),
             "preempted " + count_text(result.preemptions + result.checkpoint_preemptions)};
  for (int x = kLeft + 170; const std::string& cell : cells) out.text(std::exchange(x, x + 125), y, cell);
}

}  // namespace

std::string demo_svg(const DemoSetting& setting, const std::vector<DemoResult>& results) {
  Drawing out;
  const Axis axis = axis_of(results);
  draw_head(out, kLegendTop + static_cast<int>(results.size()) * kLegendRow, setting, results);
  draw_axes(out, axis);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].lateness.empty()) draw_curve(out, axis, results[i], style_of(i));
    draw_legend(out, results[i], style_of(i), static_cast<int>(i));
  }
  out.line("</svg>");
  return out.take();
}

}  // namespace heddle::cli
