// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/app/mainwindow.h"

#include <QTimer>

#include <functional>

class QApplication;

namespace msgsrv::console {

/// Shows one page after the other, light and dark, and keeps a picture of each as PNG.
class Screenshots : public QObject
{
    Q_OBJECT

public:
    /// @p cutLink makes the server vanish, for the picture of a lost connection.
    Screenshots(QApplication &application, MainWindow &window, const QString &folder,
                std::function<void()> cutLink);

    void start();

signals:
    /// @p problem is empty when all pictures were saved.
    void finished(const QString &problem);

private:
    struct Shot
    {
        QString name;
        std::function<void()> prepare;
        std::function<void()> arrange; ///< once the page has settled
        PageId page;
    };

    void plan();
    void next();
    void takeDialog(const QString &name);
    void wait();
    void take();

    QApplication &m_application;
    MainWindow &m_window;
    QString m_folder;
    std::function<void()> m_cutLink;
    std::vector<Shot> m_shots;
    std::size_t m_at = 0;
    int m_waited = 0;
    QTimer m_poll;
};

} // namespace msgsrv::console
