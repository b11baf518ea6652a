// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/pages/page.h"

#include <QTimer>

#include <optional>

class QComboBox;
class QGridLayout;
class QLabel;

namespace msgsrv::console {

class Chart;
class Placeholder;

/// All series of the server over a minute to a day.
class ChartsPage : public Page
{
    Q_OBJECT

public:
    ChartsPage(PageContext context, QWidget *parent);

    [[nodiscard]] PageId id() const override { return PageId::Charts; }
    [[nodiscard]] QString title() const override { return tr("Charts"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Charts; }
    void setActive(bool active) override;
    [[nodiscard]] bool isSettled() const override
    {
        return !m_charts.empty() && m_answers >= static_cast<int>(m_charts.size());
    }

    [[nodiscard]] const std::vector<Chart *> &charts() const { return m_charts; }
    void setCrossHair(std::optional<qint64> moment);
    void saveCsv();

private:
    void askList();
    void askValues();
    void make(const QJsonArray &series);
    [[nodiscard]] int seconds() const;

    QComboBox *m_range;
    QGridLayout *m_grid;
    Placeholder *m_placeholder;
    QWidget *m_area;
    std::vector<Chart *> m_charts;
    QStringList m_names;
    QTimer m_timer;
    int m_answers = 0;
};

} // namespace msgsrv::console
