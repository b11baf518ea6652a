// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"

#include <QFrame>
#include <QTimer>

class QLabel;
class QPushButton;

namespace msgsrv::console {

/// Stands above a page while what it shows is not current: since when, why, when the next attempt is, and a
/// button for it. Never in the way, never a dialog.
class Banner : public QFrame
{
    Q_OBJECT

public:
    explicit Banner(Connection &connection, QWidget *parent = nullptr);

    [[nodiscard]] QString text() const;

protected:
    void changeEvent(QEvent *event) override;

private:
    void update();
    void color();

    Connection &m_connection;
    QLabel *m_text;
    QPushButton *m_retry;
    QTimer m_tick;
    qint64 m_since = 0; ///< when the state was Live last, ms; 0: never
    bool m_wasLive = false;
    bool m_coloring = false;
};

} // namespace msgsrv::console
