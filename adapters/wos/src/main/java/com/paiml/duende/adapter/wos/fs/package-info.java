/** What descriptors stand for: files and directories below preopened ones, pipes, queues, standard streams. */
@NullMarked
package com.paiml.duende.adapter.wos.fs;

import org.jspecify.annotations.NullMarked;
