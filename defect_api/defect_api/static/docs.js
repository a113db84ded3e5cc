const place = document.getElementById("docs");
window.SwaggerUIBundle({ domNode: place, url: place.dataset.openapi, deepLinking: true });
