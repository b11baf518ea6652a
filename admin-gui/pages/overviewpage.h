// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/pages/page.h"

#include <QHash>
#include <QTimer>

class QLabel;

namespace msgsrv::console {

class Attention;
class Chart;
class Tile;

/// What needs attention, then totals that are links.
class OverviewPage : public Page
{
    Q_OBJECT

public:
    OverviewPage(PageContext context, QWidget *parent);

    [[nodiscard]] PageId id() const override { return PageId::Overview; }
    [[nodiscard]] QString title() const override { return tr("Overview"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Overview; }
    void setActive(bool active) override;
    [[nodiscard]] bool isSettled() const override;

    [[nodiscard]] Attention &attention() const { return *m_attention; }
    [[nodiscard]] Tile *tile(const QString &name) const { return m_tiles.value(name); }

private:
    Tile *addTile(const QString &name, const QString &title, const Link &link);
    void askStatus();
    void askCurves();
    void showStatus(const QJsonObject &status);

    Attention *m_attention;
    QLabel *m_node;
    QHash<QString, Tile *> m_tiles;
    QHash<QString, Chart *> m_charts;
    QTimer m_statusTimer;
    QTimer m_curveTimer;
    bool m_hasStatus = false;
    int m_curves = 0;
    qint64 m_lastAccepted = -1;
    qint64 m_lastAsked = 0;
};

} // namespace msgsrv::console
