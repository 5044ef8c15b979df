/**
 * Code that several bundles need in the same form, and that is nobody's interface.
 *
 * <p>This is no bundle of the distribution. Whoever uses a class names its package in {@code -conditionalpackage}, and bnd
 * copies it into that bundle, private to it. So adapters still know nothing of each other and can be replaced one by one,
 * each with the copy that it was built with; nothing more is to be resolved in a container, and nothing here is an API that
 * would have to stay as it is. The price is that the bytes stand in several bundles: keep it small.
 *
 * <p>What belongs here is Java that any platform runs. What calls Linux is in {@code bundles/linux}, which exports it and
 * keeps one state for all; what somebody outside may implement or call is in {@code bundles/api}. Nothing here may hold
 * state in statics, register a service, or depend on anything but the API.
 */
@NullMarked
package com.paiml.duende.support;

import org.jspecify.annotations.NullMarked;
