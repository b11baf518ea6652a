// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmessage.h"

#include <QHash>
#include <QSet>
#include <QStringList>

#include <functional>
#include <vector>

namespace msgsrv::console {

/// The ladder diagram as rows and lifelines, without pixels: which messages share a row, and between which
/// lifelines its arrow goes.
class LadderLayout
{
public:
    struct Options
    {
        bool fold = true; ///< runs of candidates from one user to another become one row
        QSet<quint64> unfolded{}; ///< first seq of runs that stay open
        std::function<bool(const FlowMessage &)> accept{}; ///< empty: everything
        int mostLifelines
            = 18; ///< the server's included; users beyond share the last one, the newest have their own
        int mostMessages = 10'000; ///< the newest that are accepted: a ladder is built ten times a second
    };
    struct Row
    {
        int first = 0; ///< index of the first message
        int count = 1; ///< messages in the row
        int from = -1; ///< lifeline, -1 for a gap
        int to = -1;
        FlowMessage::Outcome worst = FlowMessage::Outcome::Delivered; ///< of the messages in it
        std::vector<int> others; ///< indexes of the further messages
    };
    using Source = std::function<const FlowMessage &(int)>;

    /// @p messages stand in the server's order.
    void build(int messages, const Source &at, const Options &options);

    [[nodiscard]] const std::vector<Row> &rows() const { return m_rows; }
    /// Names from left to right. The server stands second, so that arrows between the first two users pass
    /// it.
    [[nodiscard]] const QStringList &lifelines() const { return m_lifelines; }
    [[nodiscard]] int serverLifeline() const { return m_server; }
    [[nodiscard]] int gathered() const { return m_gathered; } ///< users that share the last lifeline
    /// There are older messages than those that are shown.
    [[nodiscard]] bool isCut() const { return m_isCut; }
    [[nodiscard]] int rowOfMessage(int index) const; ///< -1 when it is not shown

private:
    [[nodiscard]] std::vector<int> newest(int messages, const Source &at, const Options &options);
    void chooseLifelines(const std::vector<int> &shown, const Source &at, const Options &options);

    std::vector<Row> m_rows;
    QStringList m_lifelines;
    QHash<QString, int> m_places;
    int m_server = 0;
    int m_gathered = 0;
    bool m_isCut = false;
};

/// Pixels of a ladder: the same for the screen and for SVG.
struct LadderMetrics
{
    double gutter = 96; ///< the time column, on the left
    double margin = 200; ///< the outcome column, on the right
    double spacing = 150; ///< between lifelines
    double head = 34;
    double row = 30;

    [[nodiscard]] double lifelineX(int lifeline) const { return gutter + spacing * (lifeline + 0.5); }
    [[nodiscard]] double arrowY(int index) const { return (index + 0.5) * row + 6; } ///< below the head
    [[nodiscard]] double width(int lifelines) const { return gutter + spacing * lifelines + margin; }
    [[nodiscard]] double height(int rows) const { return row * rows; } ///< without the head
    [[nodiscard]] int rowAt(double y) const { return y < 0 ? -1 : static_cast<int>(y / row); }
    /// The rows that a window of pixels shows: first and last, last < first when none.
    [[nodiscard]] std::pair<int, int> visible(double top, double height, int rows) const;
};

/// "offer", or "candidate ×14".
[[nodiscard]] QString ladderLabel(const FlowMessage &message, int count);

} // namespace msgsrv::console
