// Starts Swagger UI; a file of its own, since the page allows no inline script.
{
  const element = /** @type {HTMLElement} */ (document.getElementById("swagger-ui"));
  /** @type {any} */ (window).SwaggerUIBundle({
    domNode: element,
    url: element.dataset.openapi,
    deepLinking: true,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
}
